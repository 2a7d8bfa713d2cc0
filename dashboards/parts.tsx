/**
 * What the river is made of, and how well it guards its door: parts with their engines, readings accepted and refused.
 *
 * For the operator. An engine that forgets on restart is said to; a refused reading keeps its reason and its evidence.
 */
import type { OracleWire, QuarantineWire } from '../energy-oracle/wire.ts';
import type { StatusWire } from '../scheduler/wire.ts';
import { formatMoment, formatNumber } from './format.ts';

const QUARANTINE_SHOWN_MAX = 8;

export function Parts({ parts }: { parts: StatusWire['parts'] }) {
  return (
    <div className="scroll">
      <table className="parts">
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Engine</th>
            <th scope="col">Durable</th>
            <th scope="col">Address</th>
          </tr>
        </thead>
        <tbody>
          {parts.map((row) => (
            <tr key={row.part} data-testid="part-row">
              <th scope="row">{row.part}</th>
              <td>{row.engine}</td>
              <td>{row.durable ? 'yes' : <span className="tone-warn">in memory</span>}</td>
              <td>
                <code>{row.address}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Readings({ oracle, quarantine }: { oracle: OracleWire; quarantine: readonly QuarantineWire[] }) {
  const reasons = Object.entries(oracle.quarantined).filter(([, count]) => count > 0);
  const refused = reasons.reduce((sum, [, count]) => sum + count, 0);
  return (
    <>
      <dl className="tiles">
        <div>
          <dt>Readings accepted</dt>
          <dd data-testid="readings-accepted">{formatNumber(oracle.readingsAccepted)}</dd>
        </div>
        <div>
          <dt>Price and carbon curves</dt>
          <dd>{formatNumber(oracle.curvesAccepted)}</dd>
        </div>
        <div>
          <dt>Quarantined</dt>
          <dd className={refused > 0 ? 'tone-warn' : ''} data-testid="readings-quarantined">
            {formatNumber(refused)}
          </dd>
        </div>
      </dl>
      {reasons.length > 0 && (
        <ul className="chips" aria-label="Quarantined by reason">
          {reasons.map(([reason, count]) => (
            <li key={reason} className="chip">
              {reason} <b>{formatNumber(count)}</b>
            </li>
          ))}
        </ul>
      )}
      {quarantine.length > 0 && (
        <ul className="plain" aria-label="Newest in quarantine">
          {quarantine.slice(0, QUARANTINE_SHOWN_MAX).map((row) => (
            <li key={`${row.receivedAt} ${row.topic} ${row.payloadBase64}`}>
              <time dateTime={row.receivedAt}>{formatMoment(row.receivedAt)}</time> <b>{row.reason}</b> {row.detail}
              <small>
                <code>{row.topic}</code>
              </small>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
