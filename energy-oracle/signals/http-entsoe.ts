/**
 * ENTSO-E over HTTP: prices, generation, load and the forecast of wind and sun of a bidding zone, with a security token.
 *
 * Owns the questions (document and process types, domains by their EIC code, UTC stamps of twelve digits) and paging: a
 * page of a hundred time series has a next one, until nothing matches. The token goes with the question and nowhere else.
 */
import { DAY, HOUR, type Instant, type Interval, MINUTE, toIso } from '../../units/time.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';
import { type DayAheadCalendar, unchangedUntil } from './day-ahead.ts';
import { decodeEntsoe } from './entsoe.ts';
import type { RateLimit } from './freshness.ts';
import { type HttpAsker, httpUrl } from './http-asker.ts';
import { answerOf, SignalFault, type SignalSource } from './signal-source.ts';

export const entsoeUrl = 'https://web-api.tp.entsoe.eu/api';
/** Of the documentation: 400 a minute, or the token is locked for ten. */
export const entsoeLimit: RateLimit = { max: 400, windowMs: MINUTE };
const pageLength = 100;
const pagesMax = 49;
const rangeMsMax = 365 * DAY;
const freshMs = 10 * MINUTE;

export interface EntsoePorts {
  readonly name: string;
  readonly url?: string;
  readonly asker: HttpAsker;
  readonly now: () => Instant;
  readonly calendar: DayAheadCalendar;
  readonly token: string;
  /** EIC code of the bidding zone: `10Y1001A1001A82H`. */
  readonly domain: string;
}

/** @throws RangeError for what is no HTTP URL */
export function createHttpEntsoe({ name, url, asker, now, calendar, token, domain }: EntsoePorts): SignalSource {
  const base = httpUrl(url ?? entsoeUrl);
  const questionsOf = (topic: string, isAhead: boolean): Readonly<Record<string, string>>[] => {
    const actual = { processType: 'A16' };
    const ahead = { processType: 'A01' };
    switch (topic) {
      case 'day_ahead_price':
        return [{ documentType: 'A44', 'contract_MarketAgreement.type': 'A01', in_Domain: domain, out_Domain: domain }]; // daily, not intraday
      case 'grid_load':
        return [actual, ...(isAhead ? [ahead] : [])].map((process) => ({ documentType: 'A65', outBiddingZone_Domain: domain, ...process }));
      default:
        return [
          { documentType: 'A75', in_Domain: domain, ...actual },
          ...(isAhead ? [{ documentType: 'A69', in_Domain: domain, ...ahead }] : []),
        ];
    }
  };
  const pageOf = async (asked: Readonly<Record<string, string>>, { start, end }: Interval, offset: number): Promise<RawMessage> => {
    const shown = new URL(base);
    const paged = asked['documentType'] === 'A44' ? { offset: String(offset) } : {};
    const more = { ...asked, periodStart: digits(start), periodEnd: digits(end), ...paged };
    for (const [key, value] of Object.entries(more)) shown.searchParams.set(key, value);
    const question = new URL(shown);
    question.searchParams.set('securityToken', token);
    const isPrice = asked['documentType'] === 'A44';
    return asker.ask({
      url: question,
      address: shown.href,
      headers: { accept: 'application/xml' },
      alsoAnswers: [400], // that is how it acknowledges
      freshUntil: ({ payload }) => (isPrice ? unchangedUntil(decodeEntsoe(payload), calendar, now()) : now() + freshMs),
    });
  };
  return {
    name,
    topics: ['day_ahead_price', 'generation', 'grid_load'],
    async ask(asked) {
      const span = wholeHours(asked.interval);
      if (span.end - span.start > rangeMsMax)
        throw new SignalFault({ source: name, address: base.href, attempts: 0, what: 'a question spans a year at most' });
      const [evidence, decoded] = [[] as RawMessage[], [] as ReturnType<typeof decodeEntsoe>[]];
      for (const each of questionsOf(asked.topic, asked.interval.end > now())) {
        let before: Uint8Array | undefined;
        for (let page = 0; page < pagesMax; page++) {
          const answer = await pageOf(each, span, page * pageLength);
          if (before && Buffer.compare(before, answer.payload) === 0) break; // it does not page, and said everything at once
          before = answer.payload;
          const read = decodeEntsoe(answer.payload);
          evidence.push(answer);
          decoded.push(read);
          if (read.kind === 'unreadable' || each['documentType'] !== 'A44' || (read.timeSeries ?? 0) < pageLength) break;
        }
      }
      return answerOf(name, asked, decoded, evidence);
    },
  };
}

const wholeHours = ({ start, end }: Interval): Interval => ({ start: Math.floor(start / HOUR) * HOUR, end: Math.ceil(end / HOUR) * HOUR });
/** `yyyyMMddHHmm`, UTC. */
const digits = (instant: Instant): string => toIso(instant).replace(/\D/g, '').slice(0, 12);
