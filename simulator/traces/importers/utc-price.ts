/**
 * UTC price: market prices stamped in UTC beside local time, `Datetime (UTC),Datetime (Local),Price (USD/MWh)`.
 *
 * The form that data-centre simulators pass prices around in. Only the UTC column is read: the local one adds nothing
 * but its doubled hour. Prices keep sign and currency.
 */
import type { Instant } from '../../../units/time.ts';
import { gapsOf, type Imported, leastStep, onGrid, readNumber, readStamp, readTable, tallied } from './import-note.ts';
import { priceColumnOf } from './wholesale-price.ts';

const what = 'price' as const;

/** Import prices, the file's own currency per MWh; the file does not name its zone. An ImportFault for anything else. */
export function importUtcPrice(text: string, zone = ''): Imported & { readonly currency: string } {
  const { header, rows, column } = readTable(what, text);
  const stampColumn = column('Datetime (UTC)');
  const { index: priceColumn, currency } = priceColumnOf(header);
  const values = new Map<Instant, number | undefined>();
  let repeated = 0;
  rows.forEach((row, i) => {
    const { wallMs, offsetMs = 0 } = readStamp(what, row[stampColumn], i + 2);
    if (values.has(wallMs - offsetMs)) repeated++;
    values.set(wallMs - offsetMs, readNumber(what, row[priceColumn], i + 2));
  });
  const series = onGrid(what, values, leastStep(what, values.keys()));
  const note = {
    what,
    zone,
    unit: `${currency}/MWh`,
    timeZone: 'UTC',
    currency,
    resolutionMs: series.stepMs,
    records: rows.length,
    gaps: gapsOf(series),
  };
  return { series, currency, note: { ...note, corrections: tallied([repeated, 'stamps came twice; the later row was kept']) } };
}
