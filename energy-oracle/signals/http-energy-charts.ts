/**
 * Energy-Charts over HTTP: day-ahead prices of a bidding zone, generation and load of a country, without a key.
 */
import { type Instant, MINUTE, toIso } from '../../units/time.ts';
import { type DayAheadCalendar, unchangedUntil } from './day-ahead.ts';
import { decodeEnergyCharts } from './energy-charts.ts';
import { type HttpAsker, httpUrl } from './http-asker.ts';
import { answerOf, type SignalSource, type SignalTopic } from './signal-source.ts';

export const energyChartsUrl = 'https://api.energy-charts.info';
const freshMs = 10 * MINUTE;

export interface EnergyChartsPorts {
  readonly name: string;
  readonly url?: string;
  readonly asker: HttpAsker;
  readonly now: () => Instant;
  readonly calendar: DayAheadCalendar;
  /** Bidding zone of prices: `DE-LU`. */
  readonly bzn: string | undefined;
  /** Country of generation and load: `de`. */
  readonly country: string | undefined;
}

/** @throws RangeError for what is no HTTP URL, and without a bidding zone or a country */
export function createHttpEnergyCharts({ name, url, asker, now, calendar, bzn, country }: EnergyChartsPorts): SignalSource {
  const base = httpUrl(url ?? energyChartsUrl).href.replace(/\/$/, '');
  if (bzn === undefined && country === undefined) throw new RangeError('energy-charts needs `bzn` for prices or `country` for generation');
  const topics: SignalTopic[] = [
    ...(bzn === undefined ? [] : (['day_ahead_price'] as const)),
    ...(country === undefined ? [] : (['generation', 'grid_load'] as const)),
  ];
  return {
    name,
    topics,
    async ask(asked) {
      const isPrice = asked.topic === 'day_ahead_price';
      const question = new URL(`${base}/${isPrice ? 'price' : 'public_power'}`);
      const place = isPrice ? { bzn: bzn ?? '' } : { country: country ?? '' };
      const more = { ...place, start: toIso(asked.interval.start), end: toIso(asked.interval.end) };
      for (const [key, value] of Object.entries(more)) question.searchParams.set(key, value);
      const answer = await asker.ask({
        url: question,
        address: question.href,
        freshUntil: ({ payload }) => (isPrice ? unchangedUntil(decodeEnergyCharts(payload), calendar, now()) : now() + freshMs),
      });
      return answerOf(name, asked, [decodeEnergyCharts(answer.payload)], [answer]);
    },
  };
}
