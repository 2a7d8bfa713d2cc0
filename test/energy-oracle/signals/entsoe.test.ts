/**
 * ENTSO-E against a server that answers as its documentation and public clients show: namespaces, codes, A03, paging,
 * acknowledgements, days of 23 and 25 hours. Shapes: the platform's RESTful API guide, and the documents in entsoe-py.
 */
import { describe, expect, test } from 'vitest';
import { decodeEntsoe } from '../../../energy-oracle/signals/entsoe.ts';
import { createHttpEntsoe } from '../../../energy-oracle/signals/http-entsoe.ts';
import type { SignalTopic } from '../../../energy-oracle/signals/signal-source.ts';
import { HOUR, type Interval, MINUTE, toIso } from '../../../units/time.ts';
import { answerFrom, askerAt, stubServer } from './stub.ts';

const domain = '10Y1001A1001A82H';
const berlin = { timeZone: 'Europe/Berlin' };
const at = (text: string) => Date.parse(text);
const stamp = (instant: number) => `${toIso(instant).slice(0, 16)}Z`;
const period = ({ start, end }: Interval, resolution: string, points: readonly string[]) =>
  `<Period><timeInterval><start>${stamp(start)}</start><end>${stamp(end)}</end></timeInterval><resolution>${resolution}</resolution>${points.join('')}</Period>`;
const price = (position: number, value: number) => `<Point><position>${position}</position><price.amount>${value}</price.amount></Point>`;
const quantity = (position: number, value: number) => `<Point><position>${position}</position><quantity>${value}</quantity></Point>`;
const prices = (
  body: string,
  { currency = 'EUR', curve = 'A03', sequence = '' } = {},
) => `<TimeSeries><mRID>1</mRID><auction.type>A01</auction.type>
  <businessType>A62</businessType><in_Domain.mRID codingScheme="A01">${domain}</in_Domain.mRID><currency_Unit.name>${currency}</currency_Unit.name>
  <price_Measure_Unit.name>MWH</price_Measure_Unit.name>${sequence && `<classificationSequence_AttributeInstanceComponent.position>${sequence}</classificationSequence_AttributeInstanceComponent.position>`}<curveType>${curve}</curveType>${body}</TimeSeries>`;
const publication = (...series: readonly string[]) => `<?xml version="1.0" encoding="utf-8"?>
<Publication_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"><mRID>x</mRID><revisionNumber>1</revisionNumber>
<type>A44</type><createdDateTime>2026-03-28T12:00:00Z</createdDateTime>${series.join('')}</Publication_MarketDocument>`;
const power = (
  psr: string,
  body: string,
  domainName = 'inBiddingZone_Domain.mRID',
  curve = 'A01',
) => `<TimeSeries><mRID>1</mRID><businessType>A01</businessType>
  <${domainName} codingScheme="A01">${domain}</${domainName}><quantity_Measure_Unit.name>MAW</quantity_Measure_Unit.name><curveType>${curve}</curveType>
  ${psr && `<MktPSRType><psrType>${psr}</psrType></MktPSRType>`}${body}</TimeSeries>`;
const load = (type: string, process: string, ...series: readonly string[]) => `<?xml version="1.0" encoding="utf-8"?>
<GL_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-6:generationloaddocument:3:0"><mRID>x</mRID><type>${type}</type><process.processType>${process}</process.processType>
<createdDateTime>2026-03-28T12:00:00Z</createdDateTime>${series.join('')}</GL_MarketDocument>`;
const acknowledgement = (code: string, text: string) => `<?xml version="1.0" encoding="UTF-8"?>
<Acknowledgement_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-1:acknowledgementdocument:8:1"><mRID>y</mRID><createdDateTime>2026-03-28T12:00:00Z</createdDateTime>
<Reason><code>${code}</code><text>${text}</text></Reason></Acknowledgement_MarketDocument>`;

const decode = (xml: string) => {
  const decoded = decodeEntsoe(new TextEncoder().encode(xml));
  if (decoded.kind === 'unreadable') throw new Error(`${decoded.reason}: ${decoded.detail}`);
  return decoded;
};
const valuesOf = (xml: string, i = 0) => decode(xml).series[i]?.steps.map(({ value }) => value);
const hours = (start: string, count: number): Interval => ({ start: at(start), end: at(start) + count * HOUR });

describe('a document of prices', () => {
  test('of curve type A03 repeats what it leaves out, to the end of its period', () => {
    const body = period(hours('2026-06-01T22:00Z', 2), 'PT15M', [price(1, 10), price(4, -5.5), price(6, 7)]);
    expect(valuesOf(publication(prices(body)))).toEqual([10, 10, 10, -5.5, -5.5, 7, 7, 7]);
  });

  test('of curve type A01 has a gap where a point is missing', () => {
    const body = period(hours('2026-06-01T22:00Z', 1), 'PT15M', [price(1, 10), price(4, 8)]);
    expect(decode(publication(prices(body, { curve: 'A01' }))).series[0]?.steps.map(({ start }) => stamp(start))).toEqual([
      '2026-06-01T22:00Z',
      '2026-06-01T22:45Z',
    ]);
  });

  test.each([
    { day: 'of 23 hours', start: '2026-03-28T23:00Z', count: 23 },
    { day: 'of 25 hours', start: '2026-10-24T22:00Z', count: 25 },
  ])('has every quarter hour of a day $day', ({ start, count }) => {
    const points = Array.from({ length: count * 4 }, (_, i) => price(i + 1, i));
    const steps = decode(publication(prices(period(hours(start, count), 'PT15M', points)))).series[0]?.steps ?? [];
    expect(steps).toHaveLength(count * 4);
    expect(steps.every((step, i) => step.start === at(start) + i * 15 * MINUTE && step.value === i)).toBe(true);
  });

  test('in quarters and in hours of one time is told once, in quarters; a second auction is another market', () => {
    const hour = prices(period(hours('2026-06-01T22:00Z', 2), 'PT60M', [price(1, 100), price(2, 200)]));
    const quarters = prices(period(hours('2026-06-01T22:00Z', 1), 'PT15M', [price(1, 1), price(2, 2), price(3, 3), price(4, 4)]), {
      sequence: '1',
    });
    const second = prices(period(hours('2026-06-01T22:00Z', 1), 'PT15M', [price(1, 99)]), { sequence: '2' });
    expect(valuesOf(publication(hour, second, quarters))).toEqual([1, 2, 3, 4, 200]);
  });

  test('says its currency, and is refused in two', () => {
    const body = period(hours('2026-06-01T22:00Z', 1), 'PT60M', [price(1, 100)]);
    expect(decode(publication(prices(body, { currency: 'PLN' }))).series[0]).toMatchObject({ unit: 'PLN/MWh', unitFound: 'PLN/MWH' });
    expect(() => decode(publication(prices(body), prices(body, { currency: 'PLN' })))).toThrow('one currency');
  });
});

describe('a document of generation', () => {
  const span = hours('2026-06-01T22:00Z', 1);
  test('is summed by fuel, without what storage takes in, and where each of a fuel’s codes is told', () => {
    const xml = load(
      'A75',
      'A16',
      power('B02', period(span, 'PT30M', [quantity(1, 100), quantity(2, 110)])),
      power('B05', period(span, 'PT30M', [quantity(1, 50)])),
      power('B16', period(span, 'PT30M', [quantity(1, 0), quantity(2, 3)])),
      power('B10', period(span, 'PT30M', [quantity(1, 20), quantity(2, 20)])),
      power('B10', period(span, 'PT30M', [quantity(1, 999), quantity(2, 999)]), 'outBiddingZone_Domain.mRID'),
      power('A04', period(span, 'PT30M', [quantity(1, 1)])),
    );
    const found = Object.fromEntries(decode(xml).series.map(({ signal, steps }) => [signal, steps.map(({ value }) => value)]));
    expect(found).toEqual({ generation_coal: [150], generation_solar: [0, 3], generation_hydro_storage: [20, 20] });
  });

  test('of the forecast of wind and sun is a forecast; load is load', () => {
    const body = period(span, 'PT60M', [quantity(1, 700)]);
    const ahead = decode(load('A69', 'A01', power('B18', body), power('B19', body))).series;
    expect(ahead).toMatchObject([{ signal: 'generation_wind', steps: [{ value: 1_400, forecast: true }] }]);
    expect(decode(load('A65', 'A16', power('', body, 'outBiddingZone_Domain.mRID'))).series).toMatchObject([
      { signal: 'grid_load', unit: 'MW', unitFound: 'MAW', steps: [{ value: 700 }] },
    ]);
  });
});

describe('what cannot be read', () => {
  test.each([
    { name: 'no XML', xml: '{"json":true}', says: 'schema: neither' },
    { name: 'half a document', xml: publication('<TimeSeries>').slice(0, 300), says: /schema/ },
    {
      name: 'a resolution of a week',
      xml: load('A75', 'A16', power('B16', period(hours('2026-06-01T22:00Z', 168), 'P7D', []))),
      says: 'PT15M, PT30M or PT60M',
    },
    { name: 'a unit that is not megawatts', xml: load('A75', 'A16', power('B16', '').replace('MAW', 'MWH')), says: /MAW|Period/ },
    {
      name: 'a stamp without its zone',
      xml: publication(prices(period(hours('2026-06-01T22:00Z', 1), 'PT60M', []).replace('22:00Z', '22:00'))),
      says: 'a stamp',
    },
    {
      name: 'a value that is none',
      xml: publication(
        prices(period(hours('2026-06-01T22:00Z', 1), 'PT60M', ['<Point><position>1</position><price.amount>N/A</price.amount></Point>'])),
      ),
      says: 'a number, found N/A',
    },
    {
      name: 'another acknowledgement',
      xml: acknowledgement('999', 'The amount of requested data exceeds allowed limit'),
      says: '999 The amount',
    },
  ])('$name is refused by name', ({ xml, says }) => expect(() => decode(xml)).toThrow(says));

  test('defines no entities of its own', () => {
    const bomb = publication()
      .replace('<Publication', '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Publication')
      .replace('<mRID>x', '<mRID>&b;');
    expect(decode(bomb).series).toEqual([]);
  });
});

describe('the platform, asked over HTTP', () => {
  const now = at('2026-03-28T15:00Z');
  const make = async (reply: Parameters<typeof stubServer>[0]) => {
    const stub = await stubServer(reply);
    const patient = askerAt(now);
    const source = createHttpEntsoe({ name: 'entsoe', url: `${stub.url}/api`, ...patient, calendar: berlin, token: 's3cret', domain });
    const ask = (topic: SignalTopic, interval: Interval) => answerFrom(source, { zone: 'DE-LU', topic, interval });
    return { ...stub, ...patient, source, ask };
  };
  const day = { start: at('2026-03-27T23:00Z'), end: at('2026-03-29T22:00Z') };

  test('is asked in UTC by document type and domain; the token is in the question and not in the evidence', async () => {
    const { ask, asked } = await make(() => ({ body: publication(prices(period(day, 'PT60M', [price(1, 50)]))) }));
    const answer = await ask('day_ahead_price', day);
    expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toEqual({
      documentType: 'A44',
      'contract_MarketAgreement.type': 'A01',
      in_Domain: domain,
      out_Domain: domain,
      periodStart: '202603272300',
      periodEnd: '202603292200',
      offset: '0',
      securityToken: 's3cret',
    });
    expect(JSON.stringify(answer.evidence)).not.toContain('s3cret');
    expect(answer).toMatchObject({ source: 'entsoe', issuedAt: at('2026-03-28T12:00Z'), fetchedAt: now });
    expect(answer.series[0]?.steps).toHaveLength(47); // a day of 24 hours and one of 23
  });

  test('is asked for the next hundred until nothing matches', async () => {
    const many = Array.from({ length: 100 }, (_, i) =>
      prices(period({ start: day.start + i * 15 * MINUTE, end: day.start + (i + 1) * 15 * MINUTE }, 'PT15M', [price(1, i)])),
    );
    const { ask, asked } = await make((url) => {
      const offset = url.searchParams.get('offset');
      if (offset === '0') return { body: publication(...many) };
      return { status: 400, body: acknowledgement('999', 'No matching data found for Data item ENERGY_PRICES [12.1.D]') };
    });
    expect((await ask('day_ahead_price', day)).series[0]?.steps).toHaveLength(100);
    expect(asked.map(({ url }) => url.searchParams.get('offset'))).toEqual(['0', '100']);
  });

  test('that does not page is not asked forty-nine times', async () => {
    const many = Array.from({ length: 100 }, () => prices(period(day, 'PT60M', [price(1, 1)])));
    const { ask, asked } = await make(() => ({ body: publication(...many) }));
    await ask('day_ahead_price', day);
    expect(asked).toHaveLength(2);
  });

  test('that has nothing says so, as an answer or as an error, and that is no fault', async () => {
    for (const status of [200, 400]) {
      const { ask } = await make(() => ({ status, body: acknowledgement('999', 'No matching data found') }));
      expect((await ask('grid_load', { start: day.start, end: now })).series).toEqual([]);
    }
  });

  test('that refuses the token is a fault without it', async () => {
    const { source } = await make(() => ({
      status: 401,
      body: acknowledgement('A01', 'Unauthorized. Missing or invalid security token s3cret'),
    }));
    await expect(source.ask({ zone: 'DE-LU', topic: 'grid_load', interval: day })).rejects.toThrow(/HTTP 401: Unauthorized/);
  });

  test('is asked for tomorrow every five minutes while that is due, and not again before the next one is', async () => {
    let answer = publication(prices(period({ start: day.start, end: at('2026-03-28T23:00Z') }, 'PT60M', [price(1, 50)])));
    const { ask, asked, clock } = await make(() => ({ body: answer }));
    await ask('day_ahead_price', day);
    clock.set(now + 4 * MINUTE);
    await ask('day_ahead_price', day);
    expect(asked).toHaveLength(1);
    answer = publication(prices(period(day, 'PT60M', [price(1, 50)])));
    clock.set(now + 5 * MINUTE);
    await ask('day_ahead_price', day);
    clock.set(now + 5 * HOUR);
    await ask('day_ahead_price', day);
    expect(asked).toHaveLength(2);
  });
});
