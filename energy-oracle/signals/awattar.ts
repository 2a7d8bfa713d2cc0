/**
 * aWATTar: the JSON of its `marketdata` as day-ahead prices. Stamps are epoch milliseconds; the unit stands in every row.
 */
import { z } from 'zod';
import { parseJson } from '../telemetry/reading.ts';
import { type DecodedSignals, unreadable } from './signal-source.ts';

const instant = z.int().positive().max(8.64e15);
const answer = z.object({
  data: z
    .array(z.object({ start_timestamp: instant, end_timestamp: instant, marketprice: z.number().nullable(), unit: z.string() }))
    .max(5_000),
});

/** Refuses, with the reason: what is not its JSON, rows in several units or in one that is no currency a MWh, a row without length. */
export function decodeAwattar(bytes: Uint8Array): DecodedSignals {
  const message = parseJson(bytes);
  if (!message) return unreadable('not-json', 'the answer is not UTF-8 JSON');
  const parsed = answer.safeParse(message.json);
  if (!parsed.success) return unreadable('schema', z.prettifyError(parsed.error));
  const units = [...new Set(parsed.data.data.map(({ unit }) => unit))];
  const [unitFound = 'Eur/MWh'] = units;
  const unit = unitFound.toUpperCase().replace(/\/MWH$/, '/MWh');
  if (units.length > 1 || !/^[A-Z]{3}\/MWh$/.test(unit))
    return unreadable(
      'schema',
      `expected one unit such as Eur/MWh, found ${units.map((each) => JSON.stringify(each.slice(0, 16))).join(', ')}`,
    );
  const backwards = parsed.data.data.find(({ start_timestamp, end_timestamp }) => end_timestamp <= start_timestamp);
  if (backwards)
    return unreadable('schema', `a row ends at ${backwards.end_timestamp}, which is not after its start ${backwards.start_timestamp}`);
  const steps = parsed.data.data.flatMap(({ start_timestamp: start, end_timestamp: end, marketprice: value }) =>
    value === null ? [] : [{ start, end, value }],
  );
  return {
    kind: 'signals',
    issuedAt: undefined,
    series: [{ signal: 'day_ahead_price', unit, unitFound, steps: steps.sort((a, b) => a.start - b.start) }],
  };
}
