/**
 * aWATTar over HTTP: day-ahead prices of Germany or Austria, without a key.
 */
import type { Instant } from '../../units/time.ts';
import { decodeAwattar } from './awattar.ts';
import { type DayAheadCalendar, unchangedUntil } from './day-ahead.ts';
import { type HttpAsker, httpUrl } from './http-asker.ts';
import { answerOf, type SignalSource } from './signal-source.ts';

export const awattarUrl = 'https://api.awattar.de';

export interface AwattarPorts {
  readonly name: string;
  /** Germany's unless told; Austria's is `https://api.awattar.at`. */
  readonly url?: string;
  readonly asker: HttpAsker;
  readonly now: () => Instant;
  readonly calendar: DayAheadCalendar;
}

/** @throws RangeError for what is no HTTP URL */
export function createHttpAwattar({ name, url, asker, now, calendar }: AwattarPorts): SignalSource {
  const base = httpUrl(url ?? awattarUrl).href.replace(/\/$/, '');
  return {
    name,
    topics: ['day_ahead_price'],
    async ask(asked) {
      const question = new URL(`${base}/v1/marketdata`);
      question.searchParams.set('start', String(asked.interval.start));
      question.searchParams.set('end', String(asked.interval.end));
      const answer = await asker.ask({
        url: question,
        address: question.href,
        freshUntil: ({ payload }) => unchangedUntil(decodeAwattar(payload), calendar, now()),
      });
      return answerOf(name, asked, [decodeAwattar(answer.payload)], [answer]);
    },
  };
}
