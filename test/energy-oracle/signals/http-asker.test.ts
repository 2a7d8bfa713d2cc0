/** Asking over HTTP: what is cached, when it is asked again, how limits are kept, and what is never told or followed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exhaustedUntil, freshUntil, nextAllowed, retryAfterMs } from '../../../energy-oracle/signals/freshness.ts';
import { answerBytesMax, attemptsMax, type HttpQuestion, httpUrl } from '../../../energy-oracle/signals/http-asker.ts';
import { SignalFault } from '../../../energy-oracle/signals/signal-source.ts';
import { HOUR, MINUTE, SECOND } from '../../../units/time.ts';
import { askerAt, type Reply, stubServer } from './stub.ts';

const noon = Date.UTC(2026, 5, 21, 12);

async function make(reply: Parameters<typeof stubServer>[0], more: Parameters<typeof askerAt>[1] = {}) {
  const stub = await stubServer(reply);
  const patient = askerAt(noon, more);
  const question = (path = '/x', change: Partial<HttpQuestion> = {}): HttpQuestion => ({
    url: new URL(`${stub.url}${path}`),
    address: `${stub.url}${path.replace(/\?.*/, '')}`,
    ...change,
  });
  const ask = async (path?: string, change?: Partial<HttpQuestion>) => patient.asker.ask(question(path, change));
  const fault = async (path?: string, change?: Partial<HttpQuestion>) =>
    ask(path, change).then(
      () => undefined,
      (thrown: unknown) => thrown as SignalFault,
    );
  return { ...patient, ...stub, ask, fault };
}
const textOf = ({ payload }: { readonly payload: Uint8Array }) => new TextDecoder().decode(payload);

describe('an answer', () => {
  test('is given again without asking for as long as its max-age says', async () => {
    const { ask, asked, clock } = await make((_, attempt) => ({ headers: { 'cache-control': 'public, max-age=60' }, body: `${attempt}` }));
    expect(textOf(await ask())).toBe('1');
    clock.set(noon + 59 * SECOND);
    expect(textOf(await ask())).toBe('1');
    clock.set(noon + 60 * SECOND);
    expect(textOf(await ask())).toBe('2');
    expect(asked).toHaveLength(2);
  });

  test('is kept when the service says by its tag that it is still the same, and counts as fetched then', async () => {
    const { ask, asked, clock } = await make((_, __, headers) =>
      headers['if-none-match'] === '"a"' ? { status: 304, headers: { etag: '"a"' } } : { headers: { etag: '"a"' }, body: 'whole' },
    );
    await ask();
    clock.set(noon + HOUR);
    const again = await ask();
    expect([textOf(again), again.receivedAt]).toEqual(['whole', noon + HOUR]);
    expect(asked.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"a"']);
  });

  test('is asked for with the instant of the last one when that is all there is', async () => {
    const modified = 'Sun, 21 Jun 2026 11:00:00 GMT';
    const { ask, asked } = await make(() => ({ headers: { 'last-modified': modified }, body: 'x' }));
    await ask();
    await ask();
    expect(asked[1]?.headers['if-modified-since']).toBe(modified);
  });

  test('is good for longer when the caller knows that nothing new can be told yet', async () => {
    const { ask, asked, clock } = await make(() => ({ body: 'x' }));
    await ask('/x', { freshUntil: () => noon + HOUR });
    clock.set(noon + HOUR - 1);
    await ask('/x', { freshUntil: () => noon + HOUR });
    expect(asked).toHaveLength(1);
  });
});

describe('a question', () => {
  test('is asked again with growing, jittered patience, and answered in the end', async () => {
    const { ask, waits, asked } = await make((_, attempt): Reply => (attempt < attemptsMax ? { status: 503 } : { body: 'x' }), {
      random: () => 0.5,
    });
    await ask();
    expect(asked).toHaveLength(attemptsMax);
    expect(waits).toEqual([750, 1_500]);
  });

  test('is not asked again when it is refused; the reason is told without the key', async () => {
    const { fault, asked } = await make(() => ({ status: 401, body: { error: 'Invalid token s3cret!' } }), { secrets: ['s3cret!'] });
    const thrown = await fault('/x?token=s3cret!', { headers: { 'auth-token': 's3cret!' } });
    expect(thrown).toBeInstanceOf(SignalFault);
    expect(thrown?.message).toContain('HTTP 401: Invalid token ***');
    expect(JSON.stringify([thrown?.message, thrown?.address, thrown?.stack, String(thrown?.cause)])).not.toContain('s3cret');
    expect(asked).toHaveLength(1);
  });

  test('that cannot reach anybody tells no key either', async () => {
    const { asker } = askerAt(noon);
    const thrown = await asker
      .ask({ url: new URL('http://127.0.0.1:9/?securityToken=s3cret'), address: 'http://127.0.0.1:9/' })
      .catch((e) => e);
    expect(thrown.message).toContain('cannot be reached');
    expect(JSON.stringify([thrown.message, String(thrown.cause), thrown.cause])).not.toContain('s3cret');
  });

  test('follows no redirect', async () => {
    const inside = await stubServer(() => ({ body: 'metadata' }));
    const { fault } = await make(() => ({ status: 302, headers: { location: `${inside.url}/latest/meta-data` } }));
    expect((await fault())?.message).toContain('redirects are not followed');
    expect(inside.asked).toEqual([]);
  });

  test('has an end when nobody answers, and takes no endless answer', async () => {
    const silent = await make(() => undefined, { timeoutMs: 300 });
    expect((await silent.fault())?.message).toContain('no answer within 300 ms');
    const flood = await make(() => ({ body: ' '.repeat(answerBytesMax + 1) }));
    expect((await flood.fault())?.message).toContain('longer than');
  });

  test('waits as long as it is told to, and is put off to another round when that is long', async () => {
    const patient = await make((_, attempt): Reply => (attempt === 1 ? { status: 429, headers: { 'retry-after': '7' } } : { body: 'x' }));
    await patient.ask();
    expect(patient.waits.reduce((sum, ms) => sum + ms, 0)).toBe(7_000);
    const banned = await make(() => ({ status: 429, headers: { 'retry-after': '3600' } }));
    expect(await banned.fault()).toMatchObject({ status: 429, notBefore: noon + HOUR });
    expect((await banned.fault('/other'))?.message).toContain('not asked');
    expect(banned.asked).toHaveLength(1);
  });

  test('is not asked once the answers say that the limit is used up', async () => {
    const { ask, fault, asked, clock } = await make(() => ({
      headers: { 'x-ratelimit-limit': '12', 'x-ratelimit-remaining': '0', 'x-ratelimit-period': '3600' },
    }));
    await ask('/1');
    expect((await fault('/2'))?.message).toContain('its rate limit is used up until 2026-06-21T13:00:00Z: not asked');
    expect(asked).toHaveLength(1);
    clock.set(noon + HOUR);
    await ask('/2');
    expect(asked).toHaveLength(2);
  });

  test('never goes beyond the limit of the documentation in any window', async () => {
    const stamps: number[] = [];
    const made = await make(
      () => {
        stamps.push(made.clock.now());
        return { body: 'x' };
      },
      { limit: { max: 3, windowMs: 10 * SECOND } },
    );
    for (let i = 0; i < 10; i++) await made.ask(`/${i}`);
    for (const at of stamps) expect(stamps.filter((other) => other > at - 10 * SECOND && other <= at).length).toBeLessThanOrEqual(3);
    expect(made.clock.now()).toBe(noon + 30 * SECOND);
  });
});

test.each(['', 'ftp://x', 'api.example.org', 'file:///etc/passwd', 'https://user:pass@example.org'])('%j is no address to ask at', (url) =>
  expect(() => httpUrl(url)).toThrow(RangeError),
);

describe('headers', () => {
  const of = (headers: Record<string, string>) => (name: string) => headers[name] ?? null;
  test.each([
    [{ 'cache-control': 'max-age=100', age: '40' }, noon + 60 * SECOND],
    [{ 'cache-control': 'no-store, max-age=100' }, noon],
    [{ 'cache-control': 's-maxage=9' }, noon],
    [{ expires: 'Sun, 21 Jun 2026 12:10:00 GMT', date: 'Sun, 21 Jun 2026 12:00:00 GMT' }, noon + 10 * MINUTE],
    [{ expires: '0' }, noon],
    [{ 'cache-control': 'max-age=999999999' }, noon + 24 * HOUR],
  ])('%j keep an answer fresh as they say', (headers, until) => expect(freshUntil(of(headers as never), noon)).toBe(until));

  test.each([
    [{ 'retry-after': '120' }, 120 * SECOND],
    [{ 'retry-after': 'Sun, 21 Jun 2026 12:00:30 GMT' }, 30 * SECOND],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('%j ask for patience', (headers, ms) => expect(retryAfterMs(of(headers as never), noon)).toBe(ms));

  test.each([
    [{ 'x-ratelimit-remaining': '1' }, undefined],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '30' }, noon + 30 * SECOND],
    [{ 'ratelimit-remaining': '0', 'ratelimit-reset': String(noon / SECOND + 90) }, noon + 90 * SECOND],
    [{ 'x-ratelimit-remaining': '0' }, noon + MINUTE],
    [{ 'x-ratelimit-remaining': 'none' }, undefined],
  ])('%j say when a limit is used up', (headers, until) => expect(exhaustedUntil(of(headers as never), noon)).toBe(until));

  test('no text in them breaks anything', () =>
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const headers = of({
          'cache-control': a,
          age: b,
          expires: a,
          'retry-after': b,
          'x-ratelimit-remaining': a,
          'x-ratelimit-reset': b,
        });
        expect(freshUntil(headers, noon)).toBeGreaterThanOrEqual(noon);
        expect(retryAfterMs(headers, noon) ?? 0).toBeGreaterThanOrEqual(0);
        expect(exhaustedUntil(headers, noon) ?? noon).toBeGreaterThanOrEqual(noon);
      }),
    ));
});

test('the next question is allowed when the oldest of a full window has left it', () => {
  const limit = { max: 2, windowMs: 10 };
  expect(nextAllowed([], limit, 100)).toBe(100);
  expect(nextAllowed([85, 95], limit, 100)).toBe(100);
  expect(nextAllowed([92, 95], limit, 100)).toBe(102);
  expect(nextAllowed([92, 95, 99], limit, 100)).toBe(105);
});
