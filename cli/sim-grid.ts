/**
 * Sim grid: a zone before and after what-ifs and the load of a fleet.
 *
 * Owns which files make a zone and how its outcome is printed; the zone is `simulator/grid/`. Merit order and price curve
 * are learned from the year about the asked hours. A refused what-if file is exit code 2, as a refused job file.
 */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parse } from 'yaml';
import type { FieldRefusal } from '../scheduler/queue/field.ts';
import { type FactorBasis, type Source, sources } from '../simulator/grid/emission-factors.ts';
import { type CarbonExplained, carbonExplained, type PriceExplained, priceExplained } from '../simulator/grid/fit-quality.ts';
import { importGenerationMix, recordWithin, sourcesOf } from '../simulator/grid/generation-mix.ts';
import { outputMw } from '../simulator/grid/merit-order.ts';
import { type GridOutcome, outcomeOf } from '../simulator/grid/outcome.ts';
import { type GridSummary, summaryOf } from '../simulator/grid/summary.ts';
import { applyWhatIfs, type WhatIf } from '../simulator/grid/what-if.ts';
import { readWhatIfs } from '../simulator/grid/what-if-file.ts';
import { type Supply, yearAbout, type Zone, zoneOfRecord, zoneWithin } from '../simulator/grid/zone.ts';
import { importWholesalePrice, priceConventions } from '../simulator/traces/importers/wholesale-price.ts';
import type { Series } from '../units/series.ts';
import { type Instant, toIso } from '../units/time.ts';
import { instantArgument } from './instant-argument.ts';
import { readPacked } from './packed-file.ts';
import { knownRegions, regionOf } from './region-records.ts';
import { table } from './table.ts';

interface GridOptions {
  readonly region: string;
  readonly price?: readonly string[];
  readonly priceZone?: string;
  readonly timeZone?: string;
  readonly stampedAtEnd?: boolean;
  readonly basis: FactorBasis;
  readonly held?: readonly Source[];
  readonly whatIf?: string;
  readonly extraLoad: number;
  readonly from: Instant;
  readonly until: Instant;
  readonly json: boolean;
  readonly out?: string;
}

const megawatts = (text: string): number => {
  const mw = Number(text);
  if (text.trim() === '' || !Number.isFinite(mw)) throw new InvalidArgumentError('expected megawatts, e.g. 500');
  return mw;
};
const sourceList = (text: string): Source[] =>
  text.split(',').map((name) => {
    const source = sources.find((each) => each === name.trim());
    if (!source) throw new InvalidArgumentError(`expected some of ${sources.join(',')}`);
    return source;
  });

export function gridCommand(): Command {
  return new Command('grid')
    .description('a zone before and after what-ifs, moved by the load of a fleet')
    .requiredOption('--region <file>', 'CSV of generation by source, MW, an hour a row, plain or .gz')
    .option('--price <files...>', 'CSV of wholesale prices of the same zone')
    .option(
      '--price-zone <zone>',
      `how the prices are stamped: ${Object.keys(priceConventions).join(', ')}; known for ${knownRegions.join(', ')}`,
    )
    .option('--time-zone <name>', 'IANA name of the market’s days; of the price zone, else UTC, unless told')
    .option('--stamped-at-end', 'a stamp of the region ends its hour')
    .addOption(
      new Option('--basis <basis>', 'emission factors, and the column of carbon').choices(['life-cycle', 'direct']).default('life-cycle'),
    )
    .option('--held <sources>', 'sources that do not answer to load, with commas; solar,wind,nuclear,geothermal unless told', sourceList)
    .option('--what-if <file>', 'list of changes in YAML; see docs/grid-what-ifs.md')
    .option('--extra-load <mw>', 'load of a fleet in every hour, MW; negative for load less', megawatts, 0)
    .requiredOption('--from <instant>', 'day or RFC 3339', instantArgument)
    .requiredOption('--until <instant>', 'day or RFC 3339, exclusive', instantArgument)
    .option('--out <file>', 'write the hours of the outcome as CSV')
    .option('--json', 'print the summaries as JSON', false)
    .action(simGrid);
}

/** The prices of all files as one series; hours of later files stand. */
function pricesOf(files: readonly string[], priceZone: string | undefined): { readonly series: Series; readonly currency: string } {
  const convention = priceConventions[priceZone ?? ''];
  if (!priceZone || !convention)
    throw new RangeError(`--price-zone is one of ${Object.keys(priceConventions).join(', ')}; found ${priceZone ?? 'none'}`);
  const parts = files.map((file) => importWholesalePrice(readPacked(file), priceZone, convention));
  const start = Math.min(...parts.map(({ series }) => series.start));
  const values: (number | undefined)[] = [];
  for (const { series } of parts)
    series.values.forEach((value, i) => {
      if (value !== undefined) values[(series.start - start) / series.stepMs + i] = value;
    });
  const [first] = parts as [(typeof parts)[number]];
  if (parts.some(({ currency }) => currency !== first.currency)) throw new RangeError('prices of one zone must be of one currency');
  return { series: { start, stepMs: first.series.stepMs, values: Array.from(values) }, currency: first.currency };
}

function zoneOf({ region, price, basis, held, from, until, ...options }: GridOptions): Zone {
  if (!(until > from)) throw new RangeError(`--until comes after --from, found ${toIso(from)} and ${toIso(until)}`);
  const { name, known } = regionOf(region);
  const priceZone = options.priceZone ?? known?.priceZone;
  const timeZone = options.timeZone ?? known?.timeZone ?? priceConventions[priceZone ?? '']?.timeZone ?? 'UTC';
  const isStampedAtEnd = options.stampedAtEnd ?? known?.isStampedAtEnd ?? false;
  const asked = { start: from, end: until };
  const record = recordWithin(importGenerationMix(readPacked(region), { isStampedAtEnd, basis }), yearAbout(asked));
  const prices = price && pricesOf(price, priceZone);
  const zone = zoneWithin(
    zoneOfRecord(record, prices?.series, { zone: name, timeZone, priceCurrency: prices?.currency ?? 'XXX', basis, held }),
    asked,
  );
  if (zone.count === 0) throw new RangeError(`${region} has no hour from ${toIso(from)} until ${toIso(until)}`);
  return zone;
}

/** The changes of a file; a refusal of its fields. */
function changesIn(file: string | undefined): readonly WhatIf[] | { readonly fields: readonly FieldRefusal[] } {
  if (file === undefined) return [];
  let text: unknown;
  try {
    text = parse(readPacked(file));
  } catch (fault) {
    const [why = 'nothing that can be read'] = String((fault as Error).message).split('\n');
    return { fields: [{ path: '(file)', found: why, allowed: 'a list of changes in YAML' }] };
  }
  const read = readWhatIfs(text);
  return read.kind === 'read' ? read.changes : { fields: read.fields };
}

function refuse(file: string, fields: readonly FieldRefusal[], json: boolean): void {
  process.exitCode = 2;
  if (json) process.stdout.write(`${JSON.stringify({ error: 'refused', fields }, null, 2)}\n`);
  else
    process.stderr.write(
      `${file} was refused:\n${fields.map(({ path, found, allowed }) => `  ${path}: found ${found}; allowed: ${allowed}`).join('\n')}\n`,
    );
}

function simGrid(options: GridOptions): void {
  const { whatIf = 'the what-if file', json, out, extraLoad } = options;
  const changes = changesIn(options.whatIf);
  if ('fields' in changes) return void refuse(whatIf, changes.fields, json);
  const zone = zoneOf(options);
  const result = applyWhatIfs(zone, changes);
  if (result.kind === 'refused') {
    const found = JSON.stringify(changes[result.index]?.kind);
    return void refuse(whatIf, [{ path: String(result.index), found, allowed: result.reason }], json);
  }
  const outcome = outcomeOf(result.zone, new Float64Array(zone.count).fill(extraLoad));
  const [before, after] = [summaryOf(outcomeOf(zone)), summaryOf(outcome)];
  if (out) writeFileSync(out, csvOf(outcome));
  const trust = trustIn(zone);
  if (json) return void process.stdout.write(`${JSON.stringify({ before, after, explained: trust }, null, 2)}\n`);
  process.stdout.write(`${summaryTable(before, after, zone.trace.priceCurrency)}\n\n${trustText(trust)}\n`);
}

/** Shares of variance that the model explains of the asked hours, which it was learned from among others. */
interface Trust {
  readonly carbon: CarbonExplained;
  readonly price: PriceExplained | undefined;
}

function trustIn({ supply, price, carbon }: Zone): Trust {
  const { mix, order, curve, factors } = supply as Supply;
  return {
    carbon: carbonExplained({ mix, carbon }, { order, factors }),
    price: curve && priceExplained(curve, price, outputMw(mix, order.responding)),
  };
}

function trustText({ carbon, price }: Trust): string {
  const { byMeritOrder, byAverageOfResidual } = carbon;
  const ofCarbon = `Of the changes of emissions from hour to hour the merit order explains ${byMeritOrder.toFixed(2)}, the average intensity ${byAverageOfResidual.toFixed(2)}`;
  return price
    ? `${ofCarbon};\nof the price its curve explains ${price.ofPrice.toFixed(2)}, of its changes ${price.ofChanges.toFixed(2)}.`
    : `${ofCarbon}.`;
}

function summaryTable(before: GridSummary, after: GridSummary, currency: string): string {
  const row = (name: string, unit: string, pick: (summary: GridSummary) => number | undefined, digits = 0): string[] => {
    const [from, to] = [pick(before), pick(after)];
    const shown = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(digits));
    return [name, shown(from), shown(to), from === undefined || to === undefined ? '–' : shown(to - from), unit];
  };
  const price = `${currency}/MWh`;
  const prices = [
    row('mean price', price, ({ meanPrice }) => meanPrice, 2),
    ...Object.keys(before.priceExceededIn).map((share) =>
      row(`price exceeded in ${share} of hours`, price, ({ priceExceededIn }) => priceExceededIn[share], 2),
    ),
  ];
  const rows = [
    row('hours', 'h', ({ hours }) => hours),
    ...(before.meanPrice === undefined ? [] : prices),
    row('average carbon', 'gCO2eq/kWh', ({ averageIntensity }) => averageIntensity, 1),
    row('marginal carbon', 'gCO2eq/kWh', ({ marginalIntensity }) => marginalIntensity, 1),
    row('emissions', 'tCO2eq', ({ emissionsTonnes }) => emissionsTonnes),
    row('renewable share', '%', ({ renewableShare }) => renewableShare && renewableShare * 100, 1),
    ...sources
      .filter((source) => before.generationMwh[source] !== undefined)
      .map((source) => row(source, 'MWh', ({ generationMwh }) => generationMwh[source])),
    row('into batteries', 'MWh', ({ chargedMwh }) => chargedMwh),
    row('out of batteries', 'MWh', ({ dischargedMwh }) => dischargedMwh),
    row('curtailed', 'MWh', ({ curtailedMwh }) => curtailedMwh),
    row('unserved', 'MWh', ({ unservedMwh }) => unservedMwh),
  ];
  return table(['WHAT', '>BEFORE', '>AFTER', '>DIFFERENCE', 'UNIT'], rows);
}

/** Hours as CSV; a gap is an empty cell. */
function csvOf(outcome: GridOutcome): string {
  const { price, carbonIntensity, marginalIntensity, mix, demandMw, curtailedMw, unservedMw, chargeMw, dischargeMw } = outcome;
  const ofMix = mix ? sourcesOf(mix) : [];
  const columns: readonly (readonly [string, ArrayLike<number | undefined> | undefined])[] = [
    ['price_per_mwh', price.values],
    ['carbon_intensity_g_per_kwh', carbonIntensity.values],
    ['marginal_intensity_g_per_kwh', marginalIntensity?.values],
    ['demand_mw', demandMw],
    ...ofMix.map((source) => [`${source}_mw`, mix?.bySource[source]] as const),
    ['charge_mw', chargeMw],
    ['discharge_mw', dischargeMw],
    ['curtailed_mw', curtailedMw],
    ['unserved_mw', unservedMw],
  ];
  const cell = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? '' : String(Math.round(value * 1e4) / 1e4));
  const rows = price.values.map((_, hour) =>
    [toIso(price.start + hour * price.stepMs), ...columns.map(([, values]) => cell(values?.[hour]))].join(','),
  );
  return `${['start_utc', ...columns.map(([name]) => name)].join(',')}\n${rows.join('\n')}\n`;
}
