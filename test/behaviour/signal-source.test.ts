/** The behaviour of signal sources, run against the in-memory reference and every adapter, each before a server of its own. */
import { describe } from 'vitest';
import { createHttpAwattar } from '../../energy-oracle/signals/http-awattar.ts';
import { createHttpElectricityMaps } from '../../energy-oracle/signals/http-electricity-maps.ts';
import { createHttpEnergyCharts } from '../../energy-oracle/signals/http-energy-charts.ts';
import { createHttpEntsoe } from '../../energy-oracle/signals/http-entsoe.ts';
import { createHttpOctopus } from '../../energy-oracle/signals/http-octopus.ts';
import { createHttpUkCarbonIntensity } from '../../energy-oracle/signals/http-uk-carbon-intensity.ts';
import { createHttpWattTime } from '../../energy-oracle/signals/http-watttime.ts';
import { createMixSource } from '../../energy-oracle/signals/mix-source.ts';
import {
  createMemorySource,
  type SignalSource,
  type SignalTopic,
  type UnreadableAnswer,
} from '../../energy-oracle/signals/signal-source.ts';
import { DAY, HOUR, SECOND, toIso } from '../../units/time.ts';
import { askerAt, stubServer } from '../energy-oracle/signals/stub.ts';
import { type Mood, type OpenedSource, secret, signalSourceSuite } from './signal-source.suite.ts';

const now = Date.UTC(2026, 5, 21, 12);
const interval = { start: now - DAY, end: now };
const calendar = { timeZone: 'Europe/Berlin' };
const hours = Array.from({ length: 30 }, (_, i) => now - 30 * HOUR + i * HOUR);
const question = (topic: SignalTopic) => ({ zone: 'Z', topic, interval });

type Make = (ports: ReturnType<typeof askerAt> & { readonly url: string }) => SignalSource;
/** A source before a server that gives the body, babbles, or is away; logging in always works. */
const before =
  (make: Make, topic: SignalTopic, body: string | object) =>
  async (mood: Mood): Promise<OpenedSource> => {
    const { url } = await stubServer(({ pathname }) => {
      if (pathname === '/login') return { body: { token: secret } };
      if (mood === 'is away') return { status: 500, body: { error: `cannot serve ${secret}` } };
      return { body: mood === 'babbles' ? '<p>babble' : body };
    });
    return { source: make({ ...askerAt(now, { secrets: [secret] }), url }), question: question(topic), now };
  };

const xml = `<GL_MarketDocument xmlns="urn:x"><type>A75</type>${['B04', 'B19']
  .map(
    (
      psr,
    ) => `<TimeSeries><inBiddingZone_Domain.mRID>Z</inBiddingZone_Domain.mRID><quantity_Measure_Unit.name>MAW</quantity_Measure_Unit.name>
<curveType>A03</curveType><MktPSRType><psrType>${psr}</psrType></MktPSRType><Period><timeInterval><start>${toIso(now - DAY).slice(0, 16)}Z</start>
<end>${toIso(now).slice(0, 16)}Z</end></timeInterval><resolution>PT60M</resolution><Point><position>1</position><quantity>70</quantity></Point></Period></TimeSeries>`,
  )
  .join('')}</GL_MarketDocument>`;
const entsoe: Make = (ports) => createHttpEntsoe({ ...ports, name: 'entsoe', calendar, token: secret, domain: '10Y1001A1001A82H' });
const energyCharts: Make = (ports) => createHttpEnergyCharts({ ...ports, name: 'energy-charts', calendar, bzn: 'DE-LU', country: 'de' });
const stampOf = (instant: number) => `${toIso(instant).slice(0, 16)}Z`;

describe('electricity-maps', () =>
  signalSourceSuite(
    before((ports) => createHttpElectricityMaps({ ...ports, name: 'electricity-maps', token: secret, zone: 'DE' }), 'carbon_intensity', {
      zone: 'DE',
      history: hours.toReversed().map((at) => ({ zone: 'DE', datetime: toIso(at), carbonIntensity: 300 })),
    }),
  ));
describe('watttime', () =>
  signalSourceSuite(
    before(
      (ports) => createHttpWattTime({ ...ports, name: 'watttime', user: 'me', password: secret, region: 'R' }),
      'carbon_intensity_marginal',
      {
        data: hours.map((at) => ({ point_time: toIso(at).replace('T', ' ').replace('Z', '+00:00'), value: 900 })),
        meta: { region: 'R', signal_type: 'co2_moer', units: 'lbs_co2_per_mwh', data_point_period_seconds: 3_600 },
      },
    ),
  ));
describe('entsoe', () => signalSourceSuite(before(entsoe, 'generation', xml)));
describe('entsoe, as carbon intensity', () =>
  signalSourceSuite(before((ports) => createMixSource(entsoe(ports), 'direct'), 'carbon_intensity', xml)));
describe('uk-carbon-intensity', () =>
  signalSourceSuite(
    before((ports) => createHttpUkCarbonIntensity({ ...ports, name: 'uk', regionId: undefined }), 'carbon_intensity', {
      data: hours.map((at) => ({ from: stampOf(at), to: stampOf(at + HOUR), intensity: { forecast: 1, actual: 2 } })),
    }),
  ));
describe('awattar', () =>
  signalSourceSuite(
    before((ports) => createHttpAwattar({ ...ports, name: 'awattar', calendar }), 'day_ahead_price', {
      data: hours.map((at) => ({ start_timestamp: at, end_timestamp: at + HOUR, marketprice: -1, unit: 'Eur/MWh' })),
    }),
  ));
describe('energy-charts', () =>
  signalSourceSuite(
    before(energyCharts, 'grid_load', {
      unix_seconds: hours.map((at) => at / SECOND),
      production_types: [{ name: 'Load', data: hours.map(() => 50_000) }],
    }),
  ));
describe('octopus', () =>
  signalSourceSuite(
    before((ports) => createHttpOctopus({ ...ports, name: 'octopus', product: 'P', tariff: 'T' }), 'day_ahead_price', {
      next: null,
      results: hours.toReversed().map((at) => ({ value_exc_vat: 1, value_inc_vat: 2, valid_from: toIso(at), valid_to: toIso(at + HOUR) })),
    }),
  ));
describe('the reference', () =>
  signalSourceSuite(async (mood) => {
    const steps = hours.map((start) => ({ start, end: start + HOUR, value: 300 }));
    const series = [{ signal: 'carbon_intensity' as const, unit: 'gCO2eq/kWh', unitFound: 'g', steps }];
    const source = createMemorySource('memory', mood === 'is away' ? ['generation'] : ['carbon_intensity'], () => ({
      series,
      fetchedAt: now,
    }));
    const evidence = [{ topic: 'memory', payload: new TextEncoder().encode('<p>babble'), receivedAt: now }];
    const babble: UnreadableAnswer = { kind: 'unreadable', source: 'memory', reason: 'not-json', detail: 'no JSON', evidence };
    return { source: mood === 'babbles' ? { ...source, ask: async () => babble } : source, question: question('carbon_intensity'), now };
  }));
