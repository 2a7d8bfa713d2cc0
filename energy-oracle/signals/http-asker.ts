/**
 * HTTP asker: one question to a service of the web, kept within its limits and ours.
 *
 * Owns the cache (max-age, ETag, Last-Modified, or a time that the caller knows better), back-off with jitter, Retry-After,
 * rate limits by header and by documentation, and the bounds on time, size, attempts and memory. Follows no redirect: where
 * a question goes is the operator's choice alone. Secrets travel in headers or in the URL; a fault, an address and the
 * evidence show neither.
 */
import type { Clock } from '../../units/clock.ts';
import { type DurationMs, type Instant, SECOND, toIso } from '../../units/time.ts';
import type { RawMessage } from '../telemetry/telemetry-source.ts';
import { exhaustedUntil, freshUntil, nextAllowed, type RateLimit, retryAfterMs } from './freshness.ts';
import { SignalFault } from './signal-source.ts';

export const attemptsMax = 3;
/** Longest answer that is taken, bytes: a month of a zone's generation by fuel in quarter hours, as XML. */
export const answerBytesMax = 12_000_000;
const answerMsMax: DurationMs = 15 * SECOND;
const backoffMsMin: DurationMs = SECOND;
/** Longer than this nobody waits within a round: the next one asks again. */
const backoffMsMax: DurationMs = 30 * SECOND;
/** Answers that are remembered, and their bytes together; the oldest leaves first. */
const cachedMax = 64;
const cachedBytesMax = 32_000_000;
const detailMax = 200;

export interface HttpQuestion {
  /** Whole, with whatever secret belongs into it. */
  readonly url: URL;
  /** Where it is asked, without secrets: the topic of the answer. */
  readonly address: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Longer than the headers say, because the caller knows when the next answer can be another. Called with the new answer. */
  readonly freshUntil?: (answer: RawMessage) => Instant;
  /** Statuses beside 2xx whose body is an answer too. */
  readonly alsoAnswers?: readonly number[];
}

export interface HttpAskerPorts {
  /** Names the source in faults. */
  readonly source: string;
  readonly clock: Clock;
  readonly wait: (durationMs: DurationMs) => Promise<void>;
  /** Uniform in [0, 1): the jitter. */
  readonly random: () => number;
  /** Never told, also where the service says them back to us. */
  readonly secrets?: readonly string[];
  /** What the documentation allows; kept before it is hit. */
  readonly limit?: RateLimit;
  /** How long one answer may take, ms; 15 s unless told. */
  readonly timeoutMs?: DurationMs;
}

export interface HttpAsker {
  /** The answer whole; `receivedAt` is when it was had or last confirmed. @throws SignalFault */
  ask(question: HttpQuestion): Promise<RawMessage>;
  /** Forgets what it has of an address, so that the next question is asked. */
  forget(address: string): void;
}

interface Cached {
  readonly answer: RawMessage;
  readonly freshUntil: Instant;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** @throws RangeError for what is no HTTP URL */
export function httpUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) throw new RangeError(`expected an http or https URL, found ${JSON.stringify(url)}`);
  if (parsed.username || parsed.password) throw new RangeError('a URL of a signal source holds no password: name its key apart');
  return parsed;
}

export function createHttpAsker(ports: HttpAskerPorts): HttpAsker {
  const { source, clock, wait, random, secrets = [], limit, timeoutMs = answerMsMax } = ports;
  const cache = new Map<string, Cached>();
  let asked: Instant[] = [];
  let closedUntil: Instant = Number.NEGATIVE_INFINITY;

  const fault = (address: string, attempts: number, what: string, more: { status?: number; notBefore?: Instant } = {}, cause?: unknown) =>
    new SignalFault({ source, address, attempts, what: withoutSecrets(what, secrets), ...more }, cause);
  const keep = (key: string, cached: Cached) => {
    cache.delete(key);
    cache.set(key, cached);
    let bytes = 0;
    for (const { answer } of cache.values()) bytes += answer.payload.length;
    for (const [oldest, { answer }] of cache) {
      if (cache.size <= cachedMax && bytes <= cachedBytesMax) return;
      cache.delete(oldest);
      bytes -= answer.payload.length;
    }
  };
  /** Waits for its turn; a turn that is too far off is a fault, and nobody is asked. */
  const takeTurn = async (address: string, attempt: number) => {
    const now = clock.now();
    const turn = Math.max(closedUntil, limit ? nextAllowed(asked, limit, now) : now);
    if (turn > now + backoffMsMax)
      throw fault(address, attempt, `its rate limit is used up until ${toIso(turn)}: not asked`, { notBefore: turn });
    if (turn > now) await wait(turn - now);
    if (limit) asked = [...asked.filter((at) => at > clock.now() - limit.windowMs), clock.now()];
  };

  async function ask(question: HttpQuestion): Promise<RawMessage> {
    const { address, url } = question;
    const known = cache.get(url.href);
    if (known && clock.now() < known.freshUntil) return known.answer;
    for (let attempt = 1; ; attempt++) {
      await takeTurn(address, attempt);
      const said = await once(question, known, timeoutMs);
      const now = clock.now();
      if (said.kind !== 'failed') closedUntil = exhaustedUntil(said.headers, now) ?? closedUntil;
      if (said.kind === 'same' && known) {
        const answer = { ...known.answer, receivedAt: now };
        keep(url.href, { ...known, answer, freshUntil: Math.max(freshUntil(said.headers, now), question.freshUntil?.(answer) ?? now) });
        return answer;
      }
      if (said.kind === 'answer') {
        const answer: RawMessage = { topic: address, payload: said.bytes, receivedAt: now };
        keep(url.href, {
          answer,
          freshUntil: Math.max(freshUntil(said.headers, now), question.freshUntil?.(answer) ?? now),
          etag: said.headers('etag'),
          lastModified: said.headers('last-modified'),
        });
        return answer;
      }
      const { what, status, mayPass, cause } = failureOf(said);
      const told = said.kind === 'failed' ? undefined : retryAfterMs(said.headers, now);
      if (told !== undefined && (status === 429 || status === 503)) closedUntil = Math.max(closedUntil, now + told);
      const jittered = backoffMsMin * 2 ** (attempt - 1) * (0.5 + random() / 2);
      const waitMs = Math.max(told ?? 0, jittered);
      if (!mayPass || attempt >= attemptsMax || waitMs > backoffMsMax)
        throw fault(
          address,
          attempt,
          what,
          { ...(status === undefined ? {} : { status }), ...(told === undefined ? {} : { notBefore: now + told }) },
          cause,
        );
      await wait(waitMs);
    }
  }

  return {
    ask,
    forget: (address) => {
      for (const [key, { answer }] of cache) if (answer.topic === address) cache.delete(key);
    },
  };
}

type Said =
  | {
      readonly kind: 'answer' | 'refused';
      readonly status: number;
      readonly bytes: Uint8Array;
      readonly headers: (name: string) => string | null;
    }
  | { readonly kind: 'same' | 'redirect' | 'endless'; readonly status: number; readonly headers: (name: string) => string | null }
  | { readonly kind: 'failed'; readonly what: string; readonly cause: unknown };

async function once(
  { url, headers = {}, alsoAnswers = [] }: HttpQuestion,
  known: Cached | undefined,
  timeoutMs: DurationMs,
): Promise<Said> {
  const conditions = {
    ...(known?.etag ? { 'if-none-match': known.etag } : {}),
    ...(known?.lastModified ? { 'if-modified-since': known.lastModified } : {}),
  };
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { accept: 'application/json', 'user-agent': 'sunward', ...headers, ...conditions },
    });
    const { status } = response;
    const header = (name: string) => response.headers.get(name);
    if (status === 304) return { kind: 'same', status, headers: header };
    if (status >= 300 && status < 400) {
      await response.body?.cancel();
      return { kind: 'redirect', status, headers: header };
    }
    const bytes = await bodyOf(response);
    if (!bytes) return { kind: 'endless', status, headers: header };
    return { kind: response.ok || alsoAnswers.includes(status) ? 'answer' : 'refused', status, bytes, headers: header };
  } catch (cause) {
    const timedOut = cause instanceof Error && cause.name === 'TimeoutError';
    return { kind: 'failed', what: timedOut ? `no answer within ${timeoutMs} ms` : 'cannot be reached', cause: withoutUrl(cause) };
  }
}

/** The reason below fetch's own error: that one may quote the URL, with the key in it. */
const withoutUrl = (cause: unknown): unknown => (cause instanceof Error && cause.cause !== undefined ? cause.cause : undefined);

function failureOf(said: Said): { what: string; status?: number; mayPass: boolean; cause?: unknown } {
  switch (said.kind) {
    case 'failed':
      return { what: said.what, mayPass: true, cause: said.cause };
    case 'redirect':
      return { what: `HTTP ${said.status}: redirects are not followed; give the address it leads to`, status: said.status, mayPass: false };
    case 'endless':
      return { what: `the answer is longer than ${answerBytesMax} bytes`, status: said.status, mayPass: false };
    case 'same':
      return { what: 'HTTP 304 to a question without a condition', status: said.status, mayPass: false };
    default: {
      const { status, bytes } = said as Extract<Said, { bytes: Uint8Array }>;
      return { what: `HTTP ${status}${reasonIn(bytes)}`, status, mayPass: status === 429 || status >= 500 };
    }
  }
}

const withoutSecrets = (text: string, secrets: readonly string[]): string =>
  secrets.reduce(
    (told, secret) => (secret === '' ? told : told.replaceAll(secret, '***').replaceAll(encodeURIComponent(secret), '***')),
    text,
  );

/** The whole body; `undefined` when it is longer than anything that would be looked at. */
async function bodyOf(response: Response): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > answerBytesMax) return undefined; // leaving the loop cancels the rest
    parts.push(part);
  }
  return Uint8Array.from(Buffer.concat(parts));
}

/** What the API says of its refusal, shortened; the body is a stranger's text. */
function reasonIn(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 4_000)).toString('utf8');
  const said = sentenceIn(text) ?? /<text>([^<]*)/.exec(text)?.[1];
  return said
    ? `: ${said
        .replace(/[^\x20-\x7e]/g, ' ')
        .trim()
        .slice(0, detailMax)}`
    : '';
}

function sentenceIn(text: string): string | undefined {
  try {
    const { error, message, detail, reason } = JSON.parse(text) as Record<string, unknown>;
    const nested = typeof message === 'object' && message !== null ? (message as Record<string, unknown>)['text'] : undefined;
    return [nested, message, detail, reason, error].find((each): each is string => typeof each === 'string' && each !== '');
  } catch {
    return undefined; // no JSON: the status has to do
  }
}
