/**
 * Grid file: what a scenario says of its zones' grids: records of the user's own, what-ifs, and who moves prices.
 *
 * Owns the grammar of `grid.zones`, `what_if` and `price_maker` and what of it cannot be together. Reads no record: whether
 * a zone can have a change is known only with its record, and told by whoever applies it.
 */
import { z } from 'zod';
import { utcOffset } from '../energy-oracle/grid/price.ts';
import { type FieldRefusal, issue } from '../scheduler/queue/field.ts';
import { sources } from './grid/emission-factors.ts';
import { whatIfSchema } from './grid/what-if-file.ts';
import { formatNames } from './traces/importers/formats.ts';

const path = z.string('a path').min(1, 'a path').max(200, 'a path');
const paths = z.union([path.transform((one) => [one]), z.array(path).min(1)], 'a path, or a list of paths');
const zoneName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'a zone such as DE-LU');
const timeZone = z.string().transform((name, context): string => {
  try {
    utcOffset(name, 0);
    return name;
  } catch {
    return issue(context, name, 'an IANA time zone such as Europe/Berlin');
  }
});

/** One record: a file, or one a year, in any format that is read; the rest only where the record does not say it. */
const record = z.union(
  [
    paths.transform((file) => ({ file, format: undefined, column: undefined, stamps: undefined, factors: undefined })),
    z.strictObject({
      file: paths,
      format: z.enum(formatNames, `one of ${formatNames.join(', ')}`).optional(),
      /** Column, area or place of a file that holds several. */
      column: z.string().min(1).optional(),
      /** What stamps of wholesale prices mean, where the zone is not known. */
      stamps: z.enum(['utc', 'local', 'offset'], 'utc, local or offset').optional(),
      factors: z.enum(['life-cycle', 'direct'], 'life-cycle or direct').optional(),
    }),
  ],
  'a path, a list of paths, or {file, format, column, stamps, factors}',
);

/** Generation by source, an hour a row. */
const region = z.union(
  [
    path.transform((file) => ({ file, stamped_at_end: undefined, basis: 'life-cycle' as const, held: undefined })),
    z.strictObject({
      file: path,
      stamped_at_end: z.boolean().optional(),
      basis: z.enum(['life-cycle', 'direct'], 'life-cycle or direct').default('life-cycle'),
      /** Sources that do not answer to load. */
      held: z.array(z.enum(sources, `one of ${sources.join(', ')}`)).optional(),
    }),
  ],
  'a path, or {file, stamped_at_end, basis, held}',
);

const ownZone = z.strictObject({
  price: record.optional(),
  carbon: record.optional(),
  marginal: record.optional(),
  clouds: record.optional(),
  region: region.optional(),
  time_zone: timeZone.optional(),
  day_ahead: z.boolean().optional(),
});

export const zonesSchema = z.record(zoneName, ownZone).default({});
export const whatIfsSchema = z.record(zoneName, whatIfSchema).default({});
export const priceMakerSchema = z.union([z.boolean(), z.array(zoneName).min(1)], 'true, false, or a list of zones').default(false);

export type OwnZone = z.infer<typeof ownZone>;
export type OwnRecord = z.infer<typeof record>;

interface GridFile {
  readonly grid: { readonly records?: string | undefined; readonly zones: Readonly<Record<string, OwnZone>> };
  readonly what_if: Readonly<Record<string, unknown>>;
  readonly price_maker: boolean | readonly string[];
}

/** Whether a zone's records are all the user's own; what is lacking comes from the folder of records. */
export const isWhollyOwn = (zone: OwnZone | undefined): boolean =>
  zone?.price !== undefined && (zone.carbon !== undefined || zone.region !== undefined);

/** Zones whose prices and carbon the fleet's own load moves. */
export const movedZones = ({ grid, price_maker }: GridFile, zones: readonly string[]): readonly string[] => {
  if (typeof price_maker !== 'boolean') return price_maker;
  return price_maker ? zones.filter((zone) => grid.zones[zone]?.region !== undefined) : [];
};

/** Every file that the zones of a scenario name. */
export const filesOf = (zones: Readonly<Record<string, OwnZone>>): readonly string[] =>
  Object.values(zones).flatMap(({ price, carbon, marginal, clouds, region }) => [
    ...[price, carbon, marginal, clouds].flatMap((each) => each?.file ?? []),
    ...(region ? [region.file] : []),
  ]);

/** What cannot be together; `zones` are those of the sites. */
export function judgeGrid(file: GridFile, zones: readonly string[]): FieldRefusal[] {
  const { grid, what_if, price_maker } = file;
  const fields: FieldRefusal[] = [];
  const refuse = (path: string, found: string, allowed: string) => fields.push({ path, found, allowed });
  const named: readonly (readonly [string, string])[] = [
    ...Object.keys(grid.zones).map((zone) => ['grid.zones', zone] as const),
    ...Object.keys(what_if).map((zone) => ['what_if', zone] as const),
    ...(typeof price_maker === 'boolean' ? [] : price_maker.map((zone) => ['price_maker', zone] as const)),
  ];
  for (const [path, zone] of named) if (!zones.includes(zone)) refuse(path, zone, `a zone of the sites: ${zones.join(', ')}`);
  for (const [name, zone] of Object.entries(grid.zones)) {
    const at = `grid.zones.${name}`;
    if (!isWhollyOwn(zone) && grid.records === undefined)
      refuse(at, Object.keys(zone).join(', ') || 'nothing', 'price, and carbon or region; or what is lacking in grid.records');
    if (zone.marginal && zone.region)
      refuse(`${at}.marginal`, 'a record beside region', 'one of them: with a region the merit order tells it');
  }
  if (price_maker !== false) {
    const moved = movedZones(file, zones);
    const still = moved.filter((zone) => grid.zones[zone]?.region === undefined);
    if (moved.length === 0) refuse('price_maker', 'true', 'a zone with its generation by source: grid.zones.ZONE.region');
    for (const zone of still) refuse('price_maker', zone, `its generation by source: grid.zones.${zone}.region`);
  }
  return fields;
}
