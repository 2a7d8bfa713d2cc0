/**
 * Meter file: what a site writes down for its gateway, read and checked. Refuses with the field's path.
 *
 * Paths in it are relative to the file. Secrets stand in files of their own or in the environment, never in it.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { StreamPlan } from '../energy-oracle/gateway/sampler.ts';
import { type SigningKey, signingKey } from '../energy-oracle/site.ts';
import { batchReadingsMax } from '../energy-oracle/telemetry/batch.ts';
import type { Mapping } from '../energy-oracle/telemetry/dialects/dialect.ts';
import type { MqttLine } from '../energy-oracle/telemetry/mqtt-telemetry.ts';
import { type Stream, streams } from '../energy-oracle/telemetry/reading.ts';
import { type DurationMs, MINUTE, parseDuration, SECOND, SLOT } from '../units/time.ts';
import { readDialectFile } from './dialect-file.ts';

export interface MeterFile {
  readonly provider: string;
  readonly site: string;
  /** `undefined`: nobody signs. */
  readonly key: SigningKey | undefined;
  readonly intervalMs: DurationMs;
  readonly batch: number;
  /** With its user and password, if it wants them. */
  readonly local: { readonly url: string; readonly ca: string | undefined };
  readonly mapping: Mapping;
  readonly plans: readonly StreamPlan[];
  readonly upstream: MqttLine;
  readonly retryMs: DurationMs;
  readonly spoolBytesMax: number;
}

/** The meter file cannot be used; says where and why. */
export class MeterFileFault extends Error {
  constructor(file: string, why: string, cause?: unknown) {
    super(`${file}: ${why}`, { cause });
    this.name = 'MeterFileFault';
  }
}

const name = z.string().regex(/^[a-z0-9-]{1,64}$/, 'lower-case letters, digits and dashes');
const duration = (min: DurationMs, max: DurationMs) =>
  z.string().transform((text, context): DurationMs => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= min && ms <= max) return ms;
    context.addIssue({ code: 'custom', message: `a duration from ${min / SECOND}s to ${max / SECOND}s such as 1m, found ${text}` });
    return z.NEVER;
  });
const path = z.string().min(1);
const secret = { username: z.string().min(1).optional(), passwordFile: path.optional(), passwordEnv: z.string().min(1).optional() };
const url = z.url({ protocol: /^mqtts?$/, error: 'a URL such as mqtt://127.0.0.1:1883 or mqtts://host:8883' });

const streamSchema = z.strictObject({
  devices: z.array(z.string().min(3)).min(1),
  staleAfter: duration(SECOND, 60 * MINUTE).optional(),
});

const schema = z.strictObject({
  provider: name,
  site: name,
  key: path.optional(),
  unsigned: z.boolean().default(false),
  interval: duration(SECOND, SLOT)
    .refine((ms) => SLOT % ms === 0, { error: 'must divide a quarter hour: 10s, 1m, 5m or 15m' })
    .default(MINUTE),
  batch: z.int().min(1).max(batchReadingsMax).default(1),
  staleAfter: duration(SECOND, 60 * MINUTE).default(3 * MINUTE),
  local: z.strictObject({ url, ca: path.optional(), ...secret }),
  dialects: path.optional(),
  streams: z.partialRecord(z.enum(streams), streamSchema).default({}),
  upstream: z.strictObject({
    url,
    ca: path.optional(),
    certificate: path.optional(),
    certificateKey: path.optional(),
    retryAfter: duration(SECOND, 60 * MINUTE).default(30 * SECOND),
    ...secret,
  }),
  spool: z.strictObject({ bytesMax: z.int().min(10_000).default(256_000_000) }).default({ bytesMax: 256_000_000 }),
});
type Parsed = z.infer<typeof schema>;

/** Between two attempts to reach an oracle that is away. */
const reconnectMsMax: DurationMs = MINUTE;

/** Reads a gateway's file, and the files it names. `env` is where `passwordEnv` looks. @throws MeterFileFault, DialectFault */
export function readMeterFile(file: string, env: Readonly<Record<string, string | undefined>>): MeterFile {
  const fail = (why: string, cause?: unknown) => new MeterFileFault(file, why, cause);
  const at = (relative: string) => resolve(dirname(file), relative);
  const text = (field: string, relative: string): string => {
    try {
      return readFileSync(at(relative), 'utf8');
    } catch (cause) {
      throw fail(`${field}: ${at(relative)} cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
    }
  };
  const parsed = schema.safeParse(yamlIn(file));
  if (!parsed.success) throw fail(`\n${z.prettifyError(parsed.error)}`, parsed.error);
  const given = parsed.data;
  const passwordOf = (field: 'local' | 'upstream'): string | undefined => {
    const { passwordFile, passwordEnv, username } = given[field];
    if (passwordFile !== undefined && passwordEnv !== undefined) throw fail(`${field}: passwordFile or passwordEnv, not both`);
    if ((passwordFile ?? passwordEnv) !== undefined && username === undefined) throw fail(`${field}: a password needs a username`);
    if (passwordFile !== undefined) return text(`${field}.passwordFile`, passwordFile).replace(/\r?\n$/, '');
    if (passwordEnv === undefined) return undefined;
    const password = env[passwordEnv];
    if (password === undefined) throw fail(`${field}.passwordEnv: the environment has no ${passwordEnv}`);
    return password;
  };
  const { upstream, local } = given;
  if ((upstream.certificate === undefined) !== (upstream.certificateKey === undefined))
    throw fail('upstream: certificate and certificateKey belong together');
  const plans = Object.entries(given.streams).map(([stream, plan]) => ({
    stream: stream as Stream,
    devices: plan.devices,
    staleMs: plan.staleAfter ?? given.staleAfter,
  }));
  for (const { stream, devices } of plans)
    if (new Set(devices).size < devices.length)
      throw fail(`streams.${stream}.devices: a device stands there twice and would be counted twice`);
  if (given.batch > 1 && given.batch < plans.length)
    throw fail(
      `batch: 1, or at least the number of streams (${plans.length}): the readings of an interval go together; found ${given.batch}`,
    );
  const upstreamPassword = passwordOf('upstream');
  return {
    provider: given.provider,
    site: given.site,
    key: keyOf(given, (relative) => text('key', relative), fail),
    intervalMs: given.interval,
    batch: given.batch,
    local: { url: withCredentials(local.url, local.username, passwordOf('local')), ca: local.ca && text('local.ca', local.ca) },
    mapping: readDialectFile(given.dialects === undefined ? undefined : at(given.dialects)),
    plans,
    upstream: {
      url: upstream.url,
      reconnectMsMax,
      ...(upstream.username === undefined ? {} : { username: upstream.username }),
      ...(upstreamPassword === undefined ? {} : { password: upstreamPassword }),
      ...(upstream.ca === undefined ? {} : { ca: text('upstream.ca', upstream.ca) }),
      ...(upstream.certificate === undefined ? {} : { cert: text('upstream.certificate', upstream.certificate) }),
      ...(upstream.certificateKey === undefined ? {} : { key: text('upstream.certificateKey', upstream.certificateKey) }),
    },
    retryMs: upstream.retryAfter,
    spoolBytesMax: given.spool.bytesMax,
  };
}

function keyOf(given: Parsed, text: (relative: string) => string, fail: (why: string) => MeterFileFault): SigningKey | undefined {
  const { key, unsigned, batch, upstream } = given;
  if (!unsigned) {
    if (key === undefined)
      throw fail('key: the file with the site’s secret key, made by `sunward key`; a site without one says unsigned: true');
    const seed = text(key).trim();
    if (!/^[0-9a-f]{64}$/.test(seed)) throw fail(`key: ${key} must hold 32 bytes in hex; make one with \`sunward key\``);
    return signingKey(Buffer.from(seed, 'hex'));
  }
  if (key !== undefined) throw fail('unsigned: a site with a key signs; take out one of the two');
  if (batch > 1) throw fail('batch: what nobody signs has no batches; take it out');
  const hasPassword = upstream.username !== undefined && (upstream.passwordFile ?? upstream.passwordEnv) !== undefined;
  if (!hasPassword && upstream.certificate === undefined)
    throw fail('upstream: unsigned readings need a username with a password, or a certificate: nothing else tells whose they are');
  return undefined;
}

function withCredentials(text: string, username: string | undefined, password: string | undefined): string {
  if (username === undefined) return text;
  const url = new URL(text);
  url.username = encodeURIComponent(username);
  url.password = encodeURIComponent(password ?? '');
  return url.href;
}

function yamlIn(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (fault) {
    const { code, message } = fault as NodeJS.ErrnoException;
    throw new MeterFileFault(file, code === 'ENOENT' ? 'no such file; docs/gateway.md shows what a meter file holds' : message, fault);
  }
}
