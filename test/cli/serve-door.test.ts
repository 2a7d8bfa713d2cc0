/** A live server behind its door, as docs/security.md sets it up: over TLS, with keys and passwords, measured and logged. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signingKey } from '../../energy-oracle/site.ts';
import { createMqttUplink } from '../../energy-oracle/telemetry/mqtt-telemetry.ts';
import { encodeReading, readingTopic } from '../../energy-oracle/telemetry/reading.ts';
import { MINUTE } from '../../units/time.ts';

const cli = resolve('cli/main.ts');
const tsx = resolve('node_modules/tsx/dist/loader.mjs');
const folder = mkdtempSync(join(tmpdir(), 'sunward-door-'));
chmodSync(folder, 0o755);
const { DATABASE_URL: _, MQTT_URL: __, CHAIN_RPC_URL: ___, ...env } = process.env;
const sunward = (...args: readonly string[]) =>
  execFileSync(process.execPath, ['--import', tsx, cli, ...args], { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' }).trim();
const started: ChildProcess[] = [];
const has = (program: string) => {
  try {
    execFileSync('which', [program], { stdio: 'pipe' });
    return true;
  } catch {
    return process.env['CI'] === 'true'; // there it must be, and fails
  }
};

async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`waited in vain for ${what}`);
}

beforeAll(() => {
  const site = {
    id: 'roof',
    name: 'A roof',
    provider: 'ada',
    zone: 'DE-LU',
    latitude: 50,
    longitude: 8,
    exportLimitKw: 5,
    feedInTariff: 60,
    accelerators: [{ model: 'L4', count: 2, drawKw: 0.072 }],
    pv: [{ peakKw: 10, tiltDeg: 30, azimuthDeg: 180 }],
    meterKey: sunward('key', 'roof.key'),
    payoutAccount: '0x00000000000000000000000000000000000000aa',
  };
  writeFileSync(join(folder, 'fleet.yaml'), JSON.stringify({ currency: 'EUR', epoch: '2026-01-01T00:00:00Z', sites: [site] }));
}, 30_000);
afterAll(async () => {
  await Promise.all(
    started.map(async (child) => {
      if (child.exitCode !== null) return;
      const gone = new Promise((done) => child.once('exit', done));
      child.kill('SIGINT');
      await gone;
    }),
  );
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}, 30_000);

const [, commands = ''] = /in five commands\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(readFileSync('docs/security.md', 'utf8')) ?? [];

describe('the five commands of docs/security.md', () => {
  test.runIf(has('mosquitto') || has('/usr/sbin/mosquitto'))(
    'make a broker that a site enters by its password, over TLS',
    async () => {
      const port = await freePort();
      const lines = commands.trim().split('\n');
      expect(lines).toHaveLength(5);
      const shell = `PATH=$PATH:/usr/sbin\nsunward() { "${process.execPath}" --import "${tsx}" "${cli}" "$@"; }\n`;
      const run = lines.map((line) => (line.includes('broker-config') ? `${line} --host 127.0.0.1 --port ${port}` : line));
      execFileSync('bash', ['-euc', shell + run.slice(0, 4).join('\n')], { cwd: folder, env, stdio: 'pipe' });
      for (const file of ['server.key', ...readdirSync(join(folder, 'broker')).map((name) => `broker/${name}`)])
        chmodSync(join(folder, file), 0o644);
      chmodSync(join(folder, 'broker'), 0o755);
      const child = spawn('bash', ['-euc', `PATH=$PATH:/usr/sbin\nexec ${run[4]}`], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
      started.push(child);
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await until(`Mosquitto: ${said}`, () => (/ running/.test(said) ? true : undefined));
      const enter = (username: string, password: string) => {
        const ca = readFileSync(join(folder, 'server.pem'), 'utf8');
        const client = connect(`mqtts://127.0.0.1:${port}`, { username, password, ca, reconnectPeriod: 0 });
        return new Promise<boolean>((done) => {
          client.once('connect', () => done(true));
          client.on('error', () => done(false));
          client.once('close', () => done(false));
        }).finally(() => client.end(true));
      };
      expect(await enter('roof', readFileSync(join(folder, 'roof.password'), 'utf8').trim())).toBe(true);
      expect(await enter('roof', 'guessed')).toBe(false);
    },
    60_000,
  );
});

describe('serve behind its door', () => {
  const passwords: string[] = [];
  const keys: Record<string, string> = {};
  let server: ChildProcess;
  let [api, mqtt, said] = ['', '', ''];
  const logFile = join(folder, 'log', 'serve.jsonl');
  const ask = (path: string, key?: string, method = 'GET', body = ''): Promise<{ status: number; text: string }> =>
    new Promise((done, reject) => {
      const headers = { ...(key ? { Authorization: `Bearer ${key}` } : {}) };
      const asked = request(`${api}${path}`, { method, headers, agent: false, ca: readFileSync(join(folder, 'tls.pem')) }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => done({ status: response.statusCode ?? 0, text }));
      });
      asked.on('error', reject).end(body);
    });
  const metric = async (name: string) => {
    const { text } = await ask('/metrics', keys['read-only']);
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `) || candidate.startsWith(`${name}{`));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  };

  beforeAll(async () => {
    const at = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', 'tls.key', '-out', 'tls.pem'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', ...at], {
      cwd: folder,
      stdio: 'pipe',
    });
    passwords.push(sunward('oracle', 'credentials', 'add', 'roof', '--fleet', 'fleet.yaml'));
    keys['operator'] = sunward('oracle', 'keys', 'add', '--role', 'operator', '--data', 'data'); // before there is a server
    const listen = [
      '--port',
      '0',
      '--require-keys',
      '--tls-cert',
      'tls.pem',
      '--tls-key',
      'tls.key',
      '--broker-listen',
      `127.0.0.1:${await freePort()}`,
    ];
    const log = ['--log-format', 'json', '--log-level', 'debug', '--log-file', logFile];
    server = spawn(process.execPath, ['--import', tsx, cli, 'serve', '--fleet', 'fleet.yaml', '--data', 'data', ...listen, ...log], {
      cwd: folder,
      env: { ...env, MQTT_PASSWORD: 'never-to-be-told', SOME_TOKEN: 'nor-this-token' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(server);
    for (const stream of [server.stdout, server.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    api = await until('the API', () => /API and page .*(https:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1]);
    mqtt = /mqtts:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? '';
    keys['read-only'] = sunward('oracle', 'keys', 'add', '--role', 'read-only', '--expires', '1h', '--data', 'data'); // and beside one
  }, 90_000);

  test('answers those who have a key, and says to whom else it does not', async () => {
    expect((await ask('/v1/plan')).status).toBe(401);
    expect((await ask('/v1/plan', keys['operator'])).status).toBe(200);
    expect((await ask('/v1/jobs', keys['read-only'], 'POST', 'name: a\nmax_duration: 1m\n')).status).toBe(403);
    const listed = JSON.parse(sunward('oracle', 'keys', 'list', '--data', 'data', '--json')) as { role: string; state: string }[];
    expect(listed.map(({ role, state }) => [role, state])).toEqual([
      ['operator', 'good'],
      ['read-only', 'good'],
    ]);
  }, 30_000);

  test('is ready, alive, and says so to anybody', async () => {
    for (const path of ['/livez', '/healthz']) expect((await ask(path)).status).toBe(200);
    expect(JSON.parse((await ask('/readyz')).text)).toEqual({ ready: true, missing: [] });
  });

  test('takes readings over TLS by a password, and counts what the store has', async () => {
    const key = signingKey(Buffer.from(readFileSync(join(folder, 'roof.key'), 'utf8').trim(), 'hex'));
    const line = { url: mqtt, username: 'roof', password: passwords[0] ?? '', ca: readFileSync(join(folder, 'tls.pem'), 'utf8') };
    const uplink = createMqttUplink({ line });
    let receipts = 0;
    await uplink.open('ada/roof', ({ committed, refused }) => {
      receipts += committed.length + refused.length;
    });
    const end = Math.floor(Date.now() / MINUTE) * MINUTE;
    for (let seq = 0; seq < 20; seq++) {
      const metered = { start: end - (21 - seq) * MINUTE, end: end - (20 - seq) * MINUTE };
      const reading = {
        provider: 'ada',
        site: 'roof',
        stream: 'pv_power' as const,
        metered,
        value: 1_000 + seq,
        seq,
        quality: 'measured' as const,
      };
      await uplink.send(readingTopic('ada', 'roof', 'pv_power'), encodeReading(reading, key));
    }
    await uplink.send(readingTopic('ada', 'roof', 'pv_power'), Buffer.from('{"nonsense":true}'));
    await until('the receipts', () => (receipts >= 20 ? true : undefined));
    await uplink.close();
    const kept = await until('the quarantine', async () => {
      const oracle = JSON.parse((await ask('/v1/oracle', keys['operator'])).text) as {
        readingsAccepted: number;
        quarantined: Record<string, number>;
      };
      return Object.keys(oracle.quarantined).length > 0 ? oracle : undefined;
    });
    expect(await metric('sunward_ingest_messages_accepted_total{source="telemetry"}')).toBe(kept.readingsAccepted);
    expect(await metric('sunward_ingest_messages_received_total{source="telemetry"}')).toBe(21);
    for (const [reason, count] of Object.entries(kept.quarantined))
      expect(await metric(`sunward_ingest_messages_quarantined_total{reason="${reason}"}`)).toBe(count);
    expect(await metric('sunward_ingest_lag_seconds_count')).toBe(20);
    expect(await metric('sunward_site_pv_power_watts{site="roof"}')).toBe(1_019);
    expect(await metric('sunward_site_reading_age_seconds{site="roof",stream="pv_power"}')).toBeGreaterThan(60);
    expect(await metric('sunward_broker_connections')).toBeGreaterThan(3);
    expect(await metric('sunward_jobs{state="QUEUED"}')).toBe(0);
  }, 60_000);

  test.runIf(has('promtool'))('tells Prometheus what promtool finds no fault with', async () => {
    const { text } = await ask('/metrics', keys['read-only']);
    expect(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8', stdio: 'pipe' })).toBe('');
    expect(text.split('\n').filter((line) => line && !line.startsWith('#')).length).toBeLessThan(1_000);
  });

  test('tells in docs/operations.md every metric it has, and no other', async () => {
    const { text } = await ask('/metrics', keys['read-only']);
    const served = [...text.matchAll(/^# TYPE ((?:sunward|grid_intensity)\w*) /gm)].map(([, name]) => name);
    const told = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^\| `((?:sunward|grid_intensity)\w*)` +\|/gm)].map(
      ([, name]) => name,
    );
    expect([...told].sort()).toEqual([...served].sort());
  });

  test('logs requests with their ids, and no secret anywhere', async () => {
    await ask('/v1/plan', 'sunward_0123456789abcdef_wrong');
    await ask(`/v1/jobs/${keys['operator']}`, keys['operator']); // in a path, too
    const connecting = connect(mqtt, {
      username: 'roof',
      password: 'a wrong password',
      ca: readFileSync(join(folder, 'tls.pem')),
      reconnectPeriod: 0,
    });
    await new Promise<void>((done) => connecting.on('error', () => {}).once('close', () => done()));
    const log = await until('the line', () => {
      const text = readFileSync(logFile, 'utf8');
      return /no such name, password or certificate/.test(text) ? text : undefined;
    });
    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.some(({ event, id, status }) => event === 'http.refused' && status === 401 && /^[0-9a-f-]{36}$/.test(String(id)))).toBe(
      true,
    );
    const database = readFileSync(join(folder, 'data', 'postgres', 'password'), 'utf8').trim();
    for (const secret of [...passwords, ...Object.values(keys), database, 'never-to-be-told', 'nor-this-token', 'a wrong password'])
      for (const text of [log, said]) expect(text).not.toContain(secret);
  }, 30_000);

  test('shuts the door on a key that is revoked', async () => {
    const id = /^sunward_([0-9a-f]{16})_/.exec(keys['read-only'] ?? '')?.[1] ?? '';
    sunward('oracle', 'keys', 'revoke', id, '--data', 'data');
    expect((await ask('/v1/plan', keys['read-only'])).status).toBe(401);
  }, 30_000);
});

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
