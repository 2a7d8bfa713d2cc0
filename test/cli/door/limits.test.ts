/** What the HTTP door withstands: too many requests, too large ones, slow ones, and pages of strangers. */
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createTokenBucket, createTokenBuckets } from '../../../cli/door/token-bucket.ts';
import { startDoor } from '../../fixtures/door.ts';

const opened: { close(): Promise<void> }[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(opened.splice(0).map((door) => door.close()));
});
async function start(options: Parameters<typeof startDoor>[0] = {}) {
  const door = await startDoor(options);
  opened.push(door);
  return door;
}

describe('a token bucket', () => {
  test('never gives more than its burst and what came back since', () =>
    fc.assert(
      fc.property(
        fc.record({ perS: fc.integer({ min: 1, max: 1_000 }), burst: fc.integer({ min: 1, max: 1_000 }) }),
        fc.array(fc.record({ afterMs: fc.nat(2_000), count: fc.integer({ min: 1, max: 50 }) }), { maxLength: 200 }),
        (rate, asked) => {
          const bucket = createTokenBucket(rate);
          let [now, given] = [0, 0];
          for (const { afterMs, count } of asked) {
            now += afterMs;
            if (bucket.take(now, count) === 0) given += count;
          }
          expect(given).toBeLessThanOrEqual(rate.burst + (now / 1_000) * rate.perS + 1e-6);
        },
      ),
    ));

  test('says when it will give, and then gives', () => {
    const bucket = createTokenBucket({ perS: 10, burst: 2 });
    expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([0, 0, 100]);
    expect(bucket.take(99)).toBe(1);
    expect(bucket.take(100)).toBe(0);
  });

  test('in debt says how long what follows has to wait', () => {
    const bucket = createTokenBucket({ perS: 100, burst: 10 });
    expect(bucket.owe(0, 60)).toBe(500);
    expect(bucket.owe(500, 0)).toBe(0);
  });

  test('is one of a bounded number, and forgets those that are full before those in use', () => {
    const bucketOf = createTokenBuckets({ perS: 1, burst: 1 }, 3);
    bucketOf('busy', 0).take(0);
    for (let i = 0; i < 100; i++) bucketOf(`n${i}`, 0);
    expect(bucketOf('busy', 0).take(0)).toBe(1_000);
  });
});

describe('the door', () => {
  test('answers 429 with Retry-After to a key that asks too much, and others go on', async () => {
    const door = await start({ gate: { keyRate: { perS: 5, burst: 20 } } });
    const [eager, calm] = [await door.keyFor('operator'), await door.keyFor('operator')];
    const ask = ({ text }: { text: string }) => fetch(`${door.url}/v1/jobs`, { headers: { Authorization: `Bearer ${text}` } });
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask(eager)));
    const turnedAway = answers.filter(({ status }) => status === 429);
    expect(turnedAway.length).toBeGreaterThanOrEqual(35);
    for (const { headers } of turnedAway) expect(Number(headers.get('Retry-After'))).toBeGreaterThanOrEqual(1);
    expect((await ask(calm)).status).toBe(200);
  });

  test('answers 429 to an address that tries keys', async () => {
    const door = await start({ gate: { strangerRate: { perS: 1, burst: 10 } } });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => fetch(`${door.url}/v1/jobs`, { headers: { Authorization: `Bearer guess-${i}` } })),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30);
  });

  test('lets nobody in, and tells nothing of why, while keys cannot be checked', async () => {
    const door = await start({ gate: { prove: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.3:5432')) } });
    const answer = await fetch(`${door.url}/v1/jobs`, { headers: { Authorization: 'Bearer x' } });
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('10.0.0.3');
  });

  test('answers 413 to a body over the limit without keeping it, and goes on', async () => {
    const door = await start();
    const { text } = await door.keyFor('operator');
    const body = Buffer.alloc(10_000_000, 'a');
    const answer = await fetch(`${door.url}/v1/jobs`, { method: 'POST', body, headers: { Authorization: `Bearer ${text}` } });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ error: 'too-large' });
    expect((await fetch(`${door.url}/livez`)).status).toBe(200);
  });

  test('ends slow requests, and answers others meanwhile although far more connections idle than it allows', async () => {
    const door = await start({ open: true });
    const { port } = new URL(door.url);
    const ended: number[] = [];
    const began = performance.now();
    for (let i = 0; i < 600; i++) {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(`GET /livez HTTP/1.1\r\nHost: localhost\r\nX-${i}: `));
      socket.on('error', () => undefined).resume();
      socket.on('close', () => ended.push(performance.now() - began));
      sockets.push(socket);
    }
    await sleep(500);
    for (let i = 0; i < 20; i++) expect((await fetch(`${door.url}/livez`)).status).toBe(200);
    while (ended.length < 600 && performance.now() - began < 8_000) await sleep(100);
    expect(ended).toHaveLength(600);
    expect(ended.filter((ms) => ms < 4_500).length).toBeGreaterThanOrEqual(150); // the oldest made room long before their time was over
  }, 20_000);

  test('that asks for no keys answers only to this machine’s own name', async () => {
    const door = await start({ open: true });
    const { port } = new URL(door.url);
    const statusFor = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = request({ port, path: '/v1/jobs', headers: { Host: host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        asked.on('error', reject).end();
      });
    expect(await statusFor(`localhost:${port}`)).toBe(200);
    expect(await statusFor(`127.0.0.1:${port}`)).toBe(200);
    expect(await statusFor(`[::1]:${port}`)).toBe(200);
    expect(await statusFor(`rebound.example:${port}`)).toBe(403);
    expect(await statusFor('127.0.0.1.rebound.example')).toBe(403);
  });

  test('sends headers that keep a page to itself, and a number with every answer', async () => {
    const door = await start();
    const { headers } = await fetch(`${door.url}/v1/jobs`);
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Content-Security-Policy')).toMatch(/default-src 'self'/);
    expect(headers.get('X-Powered-By')).toBeNull();
    expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});
