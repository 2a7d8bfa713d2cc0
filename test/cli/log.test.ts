/** The log: one event a line, for people and for programs, with no secret in it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { mintKey } from '../../cli/door/api-key.ts';
import { createScrub, secretsIn } from '../../cli/door/scrub.ts';
import { createLog, logEvents } from '../../cli/log.ts';

const plain = (text: string) => text;
const kept = (options: Partial<Parameters<typeof createLog>[0]>) => {
  const lines: string[] = [];
  return { log: createLog({ scrub: plain, ...options }, (line) => lines.push(line)), lines };
};

describe('the log', () => {
  test('is JSON a line with instant, level, event and fields when it is asked to be', () => {
    const { log, lines } = kept({ format: 'json' });
    log.warn('http.refused', 'GET /v1/jobs 401', { id: 'a', status: 401, key: undefined });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      event: 'http.refused',
      id: 'a',
      status: 401,
      text: 'GET /v1/jobs 401',
    });
  });

  test('is one line of text for people, however many the text has', () => {
    const { log, lines } = kept({});
    log.error('engine', 'first\nsecond', { part: 'broker' });
    expect(lines).toEqual([expect.stringMatching(/^\S+Z {2}engine {5}error: first ⏎ second {2}part=broker\n$/)]);
  });

  test('leaves out what is below its level', () => {
    const { log, lines } = kept({ level: 'warn' });
    log.info('system', 'a');
    log.debug('system', 'b');
    log.warn('system', 'c');
    expect(lines).toHaveLength(1);
  });

  test('cannot be made to tell a line of its own by what it is told', () => {
    const { log, lines } = kept({ format: 'json' });
    log.info('http.request', 'GET /\n{"level":"error","event":"system","text":"forged"}', { path: '/"}\n{"a":1}' });
    expect(lines.join('').split('\n').filter(Boolean)).toHaveLength(1);
  });

  test('says of every event what it tells', () => expect(Object.values(logEvents).every((text) => text.length > 10)).toBe(true));
});

describe('the scrub', () => {
  const { text: key, key: stored } = mintKey({ role: 'operator', subject: undefined, createdAt: 0, expiresAt: undefined });
  const env = {
    DATABASE_URL: 'postgres://sunward:pa%24%24word-1@db/sunward',
    MQTT_PASSWORD: 'tulips-and-rain',
    CHAIN_KEY: `0x${'ab'.repeat(32)}`,
    PATH: '/usr/bin',
    HOME_NAME: 'tulips',
  };
  const scrub = createScrub(secretsIn(env));

  test.each([
    ['a password in a URL', 'cannot reach mqtts://roof:tulips-and-rain@broker:8883', 'cannot reach mqtts://[secret]@broker:8883'],
    ['a password of the environment, anywhere', 'password "tulips-and-rain" refused', 'password "[secret]" refused'],
    ['a password of a URL of the environment, decoded', 'for pa$$word-1', 'for [secret]'],
    ['a chain key', `key 0x${'ab'.repeat(32)}`, 'key [secret]'],
    ['an API key, but for its public id', `with ${key}.`, `with sunward_${stored.id}_[secret].`],
    ['the hash of a password', 'roof:$7$101$c2FsdHNhbHQ=$aGFzaA==', 'roof:[secret]'],
  ])('takes out %s', (_, text, want) => expect(scrub(text)).toBe(want));

  test('leaves the rest as it was', () => {
    const text = 'ada/roof: 12 readings from mqtt://127.0.0.1:1883, /usr/bin, tulips';
    expect(scrub(text)).toBe(text);
  });
});

test('docs/operations.md tells every event there is, and no other', () => {
  const told = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^\| `([\w.]+)` +\| ([^|]+?) +\|$/gm)];
  const events = Object.fromEntries(told.filter(([, name = '']) => name in logEvents).map(([, name, text]) => [name, text]));
  expect(events).toEqual(logEvents);
});
