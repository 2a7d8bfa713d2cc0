/**
 * Who is owed and who was paid: promises and claims per provider, in whole tokens, as the contract has them.
 *
 * Amounts arrive as decimal text of base units and stay exact; only the last four decimals are cut for the eye.
 */
import type { ClaimsWire } from '../scheduler/wire.ts';
import { formatNumber, formatTokens, MISSING, shortened } from './format.ts';

export function Claims({ claims }: { claims: ClaimsWire }) {
  const tokens = (amount: string) => formatTokens(amount, claims.decimals);
  return (
    <>
      <dl className="tiles">
        <div>
          <dt>Promised</dt>
          <dd data-testid="promised-total">{tokens(claims.promised)}</dd>
        </div>
        <div>
          <dt>Claimed</dt>
          <dd data-testid="claimed-total">{tokens(claims.claimed)}</dd>
        </div>
        <div>
          <dt>Periods settled</dt>
          <dd data-testid="periods">{formatNumber(claims.periods)}</dd>
        </div>
      </dl>
      {claims.providers.length === 0 ? (
        <p className="quiet">No provider is owed anything yet: the first period has not been settled.</p>
      ) : (
        <div className="scroll">
          <table className="numbers">
            <caption>Tokens per provider</caption>
            <thead>
              <tr>
                <th scope="col">Provider</th>
                <th scope="col">Promised</th>
                <th scope="col">Claimed</th>
              </tr>
            </thead>
            <tbody>
              {claims.providers.map((row) => (
                <tr key={`${row.provider} ${row.account}`} data-testid="claim-row">
                  <th scope="row">
                    {row.provider}
                    <small>
                      <code title={row.account}>{shortened(row.account)}</code>
                    </small>
                  </th>
                  <td>{tokens(row.promised)}</td>
                  <td>{tokens(row.claimed)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <dl className="addresses">
        <dt>Contract</dt>
        <dd>
          <code data-testid="contract">{claims.contract || MISSING}</code>
        </dd>
        <dt>Token</dt>
        <dd>
          <code>{claims.token || MISSING}</code>
        </dd>
      </dl>
    </>
  );
}
