/**
 * WattTime over HTTP: marginal and average emissions of a region, behind a login whose token lasts half an hour.
 *
 * A token is used until shortly before its end; one that is refused (401, 403) is forgotten and asked for once more.
 */
import { z } from 'zod';
import { DAY, type Instant, type Interval, MINUTE, toIso } from '../../units/time.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';
import type { RateLimit } from './freshness.ts';
import { type HttpAsker, type HttpQuestion, httpUrl } from './http-asker.ts';
import { answerOf, SignalFault, type SignalSource } from './signal-source.ts';
import { decodeWattTime, wattTimeTypes } from './watttime.ts';

export const wattTimeUrl = 'https://api.watttime.org';
/** Of the documentation: 3,000 in five minutes. */
export const wattTimeLimit: RateLimit = { max: 3_000, windowMs: 5 * MINUTE };
const tokenMs = 29 * MINUTE;
const freshMs = 5 * MINUTE;
/** The longest span of `historical` in one question. */
const rangeMsMax = 31 * DAY;

export interface WattTimePorts {
  readonly name: string;
  readonly url?: string;
  readonly asker: HttpAsker;
  readonly now: () => Instant;
  readonly user: string;
  readonly password: string;
  /** Its name of the region: `CAISO_NORTH`. */
  readonly region: string;
}

const login = z.object({ token: z.string().min(1).max(8_192) });

/** @throws RangeError for what is no HTTP URL */
export function createHttpWattTime({ name, url, asker, now, user, password, region }: WattTimePorts): SignalSource {
  const base = httpUrl(url ?? wattTimeUrl).href.replace(/\/$/, '');
  const loginAddress = `${base}/login`;
  const tokenOf = async (): Promise<string> => {
    const basic = Buffer.from(`${user}:${password}`).toString('base64');
    const { payload } = await asker.ask({
      url: new URL(loginAddress),
      address: loginAddress,
      headers: { authorization: `Basic ${basic}` },
      freshUntil: () => now() + tokenMs,
    });
    const parsed = login.safeParse(jsonOf(payload));
    if (!parsed.success) throw new SignalFault({ source: name, address: loginAddress, attempts: 1, what: 'the login gave no token' });
    return parsed.data.token;
  };
  const questionOf = (path: string, more: Readonly<Record<string, string>>): Omit<HttpQuestion, 'headers'> => {
    const asked = new URL(`${base}/v3/${path}`);
    for (const [key, value] of Object.entries(more)) asked.searchParams.set(key, value);
    return { url: asked, address: asked.href, freshUntil: () => now() + freshMs };
  };
  const askAs = async (question: Omit<HttpQuestion, 'headers'>): Promise<RawMessage> => {
    const once = async () => asker.ask({ ...question, headers: { authorization: `Bearer ${await tokenOf()}` } });
    try {
      return await once();
    } catch (fault) {
      if (!(fault instanceof SignalFault) || (fault.status !== 401 && fault.status !== 403) || fault.address === loginAddress) throw fault;
      asker.forget(loginAddress); // the token ended before its time
      return once();
    }
  };
  return {
    name,
    topics: ['carbon_intensity_marginal', 'carbon_intensity'],
    async ask(asked) {
      const signal = asked.topic === 'carbon_intensity' ? 'carbon_intensity' : 'carbon_intensity_marginal';
      const signal_type = wattTimeTypes[signal];
      const end = Math.min(asked.interval.end, now());
      const questions: [Omit<HttpQuestion, 'headers'>, boolean][] = rangesOf({ start: asked.interval.start, end }).map((range) => [
        questionOf('historical', { region, signal_type, start: toIso(range.start), end: toIso(range.end) }),
        false,
      ]);
      if (asked.interval.end > now()) {
        const hours = Math.min(72, Math.ceil((asked.interval.end - now()) / (60 * MINUTE)));
        questions.push([questionOf('forecast', { region, signal_type, horizon_hours: String(hours) }), true]);
      }
      const evidence: RawMessage[] = [];
      const decoded = [];
      for (const [question, isForecast] of questions) {
        const answer = await askAs(question);
        evidence.push(answer);
        decoded.push(decodeWattTime(answer.payload, { region, signal, isForecast }));
      }
      return answerOf(name, asked, decoded, evidence);
    },
  };
}

function rangesOf({ start, end }: Interval): Interval[] {
  const ranges: Interval[] = [];
  for (let from = start; from < end; from += rangeMsMax) ranges.push({ start: from, end: Math.min(end, from + rangeMsMax) });
  return ranges;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined; // no JSON: no token
  }
}
