/**
 * Lines: what InfluxDB is told, in its line protocol.
 *
 * Owns measurements, tags and fields; `docs/stores.md` lists them. All numbers are floats, so that no field changes its
 * type. A reading lies at the start of its metering, in ns: the last six digits are those of its number, so that two of
 * one millisecond are two points, and the same one again is the same point.
 */
import { escape as quote } from 'influx';
import type { Instant } from '../../units/time.ts';
import type { Curve } from '../grid/grid-feed.ts';
import type { Outlook } from '../outlook.ts';
import { isSigned, type Reading } from '../telemetry/reading.ts';
import type { SeriesEnergy, Total } from './postgres-beside.ts';
import type { Accepted, EnergyStep } from './series-store.ts';

const numbersPerMs = 1_000_000;

/** ns since 1970, as text: no number holds it. */
const nanoseconds = (instant: Instant, within = 0): string =>
  instant === 0 ? String(within % numbersPerMs) : `${instant}${String(within % numbersPerMs).padStart(6, '0')}`;

export function readingLine({ value: reading, evidence }: Accepted<Reading>): string {
  const { provider, site, stream, metered, value, seq } = reading;
  return (
    `readings,provider=${quote.tag(provider)},site=${quote.tag(site)},stream=${stream} ` +
    `duration_ms=${metered.end - metered.start},received_ms=${evidence.receivedAt},signed=${isSigned(reading)},value=${value} ` +
    nanoseconds(metered.start, seq)
  );
}

export const energyLine = (step: EnergyStep, { site, stream, start, energyWh, coveredMs, signedMs, availableAt }: SeriesEnergy): string =>
  `energy_${step},site=${quote.tag(site)},stream=${stream} ` +
  `available_ms=${availableAt},covered_ms=${coveredMs},energy_wh=${energyWh},signed_ms=${signedMs} ${nanoseconds(start)}`;

/** A zone's signal by step; of two issues for one step the last told is shown. */
export const curveLines = ({ zone, signal, issuedAt, start, stepMs, values, unit }: Curve): readonly string[] =>
  values.flatMap((value, i) =>
    value === undefined
      ? []
      : [
          `signals,signal=${signal},unit=${quote.tag(unit)},zone=${quote.tag(zone)} ` +
            `issued_ms=${issuedAt},value=${value} ${nanoseconds(start + i * stepMs)}`,
        ],
  );

/** What was believed of a slot last, by quantity and quantile. */
export const outlookLines = ({ site, issuedAt, start, stepMs, slots }: Outlook): readonly string[] =>
  slots.flatMap(({ surplusKw, importPrice, carbonIntensity }, i) => {
    const fields = Object.entries({ surplus_kw: surplusKw, import_price: importPrice, carbon_intensity: carbonIntensity }).flatMap(
      ([name, quantiles]) => (quantiles ? Object.entries(quantiles).map(([quantile, value]) => `${name}_${quantile}=${value}`) : []),
    );
    if (fields.length === 0) return [];
    return [`outlook,site=${quote.tag(site)} ${[...fields, `issued_ms=${issuedAt}`].join(',')} ${nanoseconds(start + i * stepMs)}`];
  });

/** The books' totals at an instant; they never fall. */
export const totalLine = ({ kind, reason, count }: Total, at: Instant): string =>
  `totals,kind=${quote.tag(kind)}${reason === '' ? '' : `,reason=${quote.tag(reason)}`} count=${count} ${nanoseconds(at)}`;

export const backlogLine = ({ entries, points }: { readonly entries: number; readonly points: number }, at: Instant): string =>
  `backlog entries=${entries},points=${points} ${nanoseconds(at)}`;
