/**
 * Site file: what an operator writes down of a fleet, read and checked. Refuses with the field's path.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ExchangeRates } from '../energy-oracle/grid/price.ts';
import type { ServedConfig } from '../energy-oracle/served/served-apis.ts';
import type { Site } from '../energy-oracle/site.ts';
import type { AcceptedLevel } from '../energy-oracle/verdict/watch.ts';
import { kilowattHours, kilowatts, pricePerMegawattHour } from '../units/quantity.ts';
import { type Instant, parseDuration, parseInstant } from '../units/time.ts';
import { apisSection } from './apis-section.ts';
import { type PvForecastSection, pvForecastSection, type SignalsSection, signalsSection } from './signals-file.ts';

export interface FleetFile {
  readonly sites: readonly Site[];
  /** Public key (hex) of each zone's feed. */
  readonly feedKeys: Readonly<Record<string, string>>;
  readonly rates: ExchangeRates;
  /** Start of the first settlement period. */
  readonly epoch: Instant;
  /** Open-Meteo's forecast API, or a server that answers as it does; `undefined` asks nobody. */
  readonly weatherUrl: string | undefined;
  /** Levels of sites that the operator has looked at: what neighbours hold against them ends there. */
  readonly acceptedLevels: readonly AcceptedLevel[];
  /** Whom to ask for prices and carbon, by zone; empty asks nobody. */
  readonly signals: SignalsSection;
  /** Whom to ask what panels will give; `undefined` asks nobody. */
  readonly pvForecast: PvForecastSection | undefined;
  /** Where the imitated APIs are; `undefined` leaves them where they are by themselves. */
  readonly apis: ServedConfig | undefined;
}

/** The fleet file cannot be used; says where and why. */
export class FleetFileFault extends Error {
  constructor(file: string, why: string, cause?: unknown) {
    super(`${file}: ${why}`, { cause });
    this.name = 'FleetFileFault';
  }
}

const name = z.string().regex(/^[a-z0-9-]{1,64}$/, 'lower-case letters, digits and dashes');
const key = z.string().regex(/^[0-9a-f]{64}$/, '32 bytes in hex');
const account = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'an EVM account');
const kw = z.number().nonnegative().transform(kilowatts);
const zone = z.string().regex(/^[A-Z0-9-]{1,32}$/, 'a zone such as DE-LU');

const offer = z
  .strictObject({
    askPerAcceleratorHour: z.number().nonnegative().default(0),
    notice: z
      .string()
      .default('0s')
      .transform((text, context) => {
        const ms = parseDuration(text);
        if (ms !== undefined) return ms;
        context.addIssue({ code: 'custom', message: 'a duration such as 15m' });
        return z.NEVER;
      }),
    firmness: z.enum(['firm', 'reclaimable', 'opportunistic']).default('firm'),
  })
  .refine(({ firmness, notice }) => firmness !== 'reclaimable' || notice > 0, {
    path: ['notice'],
    message: 'above 0 when reclaimable: no job stands being stopped without notice; `opportunistic` needs none',
  })
  .transform(({ notice, ...rest }) => ({ ...rest, noticeMs: notice }));

const array = z.strictObject({
  peakKw: kw,
  tiltDeg: z.number().min(0).max(90),
  azimuthDeg: z.number().min(0).lt(360),
  tracking: z.literal('single-axis').optional(),
});

const battery = z.strictObject({
  capacityKwh: z.number().positive().transform(kilowattHours),
  powerKw: z.number().positive().transform(kilowatts),
  roundTripEfficiency: z.number().positive().max(1),
});

const site = z.strictObject({
  id: name,
  name: z.string().max(80),
  provider: name.refine((id) => id !== 'protocol', 'another name: `protocol` is the account of the take'),
  zone,
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  altitudeM: z.number().min(-430).max(6_000).optional(),
  accelerators: z.array(z.strictObject({ model: z.string(), count: z.int().positive(), drawKw: kw })),
  idleKw: kw.default(kilowatts(0)),
  pue: z.number().min(1).default(1),
  pv: z.array(array).default([]),
  battery: battery.optional(),
  exportLimitKw: kw,
  feedInTariff: z.number().transform(pricePerMegawattHour),
  meterKey: key,
  payoutAccount: account,
  owner: account.optional(),
  offer: offer.optional(),
});

const rfc3339 = z.string().transform((text, context) => {
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  context.addIssue({ code: 'custom', message: 'RFC 3339 with an offset' });
  return z.NEVER;
});

const fleet = z.strictObject({
  currency: z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code'),
  rates: z.record(z.string(), z.number().positive()).default({}),
  epoch: rfc3339,
  feeds: z.record(zone, key).default({}),
  weather: z.strictObject({ url: z.url({ protocol: /^https?$/ }) }).optional(),
  acceptedLevels: z.array(z.strictObject({ site: name, from: rfc3339 })).default([]),
  signals: signalsSection.default({}),
  pvForecast: pvForecastSection.optional(),
  apis: apisSection.optional(),
  sites: z.array(site).min(1),
});

function yamlIn(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (fault) {
    const { code, message } = fault as NodeJS.ErrnoException;
    throw new FleetFileFault(file, code === 'ENOENT' ? 'no such file; the README shows what a fleet file holds' : message, fault);
  }
}

/** Reads a fleet from YAML. @throws FleetFileFault */
export function readFleet(file: string): FleetFile {
  const parsed = fleet.safeParse(yamlIn(file));
  if (!parsed.success) throw new FleetFileFault(file, z.prettifyError(parsed.error), parsed.error);
  const { sites, feeds, currency, rates, epoch, weather, acceptedLevels, signals, pvForecast, apis } = parsed.data;
  const ids = new Set(sites.map(({ id }) => id));
  if (ids.size < sites.length) throw new FleetFileFault(file, 'two sites have one id');
  const stranger = acceptedLevels.find(({ site }) => !ids.has(site));
  if (stranger) throw new FleetFileFault(file, `acceptedLevels: no site ${stranger.site}; there are ${[...ids].join(', ')}`);
  return {
    sites,
    feedKeys: feeds,
    rates: { accounting: currency, perUnit: rates },
    epoch,
    weatherUrl: weather?.url,
    acceptedLevels,
    signals,
    pvForecast,
    apis,
  };
}
