/**
 * The sites side by side: what each has now, what energy costs there, how dirty it is, and what runs.
 *
 * Owns the words for "surplus, grid or unknown", which the map shares. Values are those of the newest verified slot;
 * a missing one stays a dash.
 */
import type { SiteWire } from '../energy-oracle/wire.ts';
import { formatKw, formatMoment, formatNumber } from './format.ts';

/** Where a job that started here now would draw from first. */
export type Source = 'surplus' | 'grid' | 'unknown';

export function sourceOf(site: SiteWire): Source {
  const surplusKw = site.now?.surplusKw ?? null;
  if (surplusKw === null) return 'unknown';
  return surplusKw > 0 ? 'surplus' : 'grid';
}

export const sourceWords: Readonly<Record<Source, string>> = {
  surplus: 'surplus available',
  grid: 'grid only',
  unknown: 'no verified slot yet',
};

function SiteRow(props: { site: SiteWire; selected: boolean; running: number; onSelect: () => void }) {
  const { site } = props;
  const source = sourceOf(site);
  const share = Math.min(1, Math.max(0, (site.now?.surplusKw ?? 0) / (site.pvPeakKw || 1)));
  const accelerators = site.accelerators.map(({ model, count }) => `${count} × ${model}`).join(', ');
  return (
    <tr className={props.selected ? 'row-selected' : ''} data-testid="site-row" data-site={site.id}>
      <th scope="row">
        <button type="button" className="row-button" aria-pressed={props.selected} onClick={props.onSelect}>
          <i className={`key key-${source}`} title={sourceWords[source]} />
          <span>
            {site.name}
            <small>
              {site.zone} · {accelerators}
            </small>
          </span>
        </button>
      </th>
      <td>
        <span data-testid="site-surplus">{formatKw(site.now?.surplusKw)}</span>
        <span className="meter" aria-hidden="true">
          <i style={{ width: `${share * 100}%` }} />
        </span>
      </td>
      <td>{formatNumber(site.now?.importPricePerMwh, 1)}</td>
      <td>{formatNumber(site.now?.carbonIntensityGPerKwh)}</td>
      <td>{props.running}</td>
    </tr>
  );
}

export function SiteTable(props: {
  sites: readonly SiteWire[];
  selected: string | undefined;
  running: ReadonlyMap<string, number>;
  currency: string | undefined;
  onSelect: (site: string) => void;
}) {
  const newest = props.sites
    .map((site) => site.now?.at)
    .filter((at) => at !== undefined)
    .sort()
    .at(-1);
  return (
    <div className="scroll">
      <table className="numbers">
        <caption>Newest verified slot: {formatMoment(newest)} UTC. The bar is surplus as a share of the panels’ peak.</caption>
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col">
              Surplus <small>kW</small>
            </th>
            <th scope="col">
              Price <small>{props.currency ?? ''}/MWh</small>
            </th>
            <th scope="col">
              Carbon <small>g/kWh</small>
            </th>
            <th scope="col">
              Jobs <small>running</small>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.sites.map((site) => (
            <SiteRow
              key={site.id}
              site={site}
              selected={site.id === props.selected}
              running={props.running.get(site.id) ?? 0}
              onSelect={() => props.onSelect(site.id)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}
