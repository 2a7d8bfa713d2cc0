/**
 * Serve's door: who may come in to a live server and over what, from its options; refuses what strangers could walk through.
 *
 * First what options alone tell, before anything listens; then, with the database there, whether any key opens the API.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Site } from '../energy-oracle/site.ts';
import { wallClock } from '../units/clock.ts';
import { standing } from './door/api-key.ts';
import { createProver } from './door/authenticate.ts';
import { createFileAccess } from './door/broker-access.ts';
import { credentialsBeside } from './door/credentials-file.ts';
import { type Exposed, exposuresOf, isDemoKey, isLoopback } from './door/exposure.ts';
import type { GateOptions } from './door/gate.ts';
import { identitiesOf } from './door/mqtt-rights.ts';
import { type RouteRow, routeRows } from './door/route-table.ts';
import type { EngineOptions, Engines } from './engines.ts';
import type { Log } from './log.ts';

export interface DoorOptions {
  readonly fleet: string;
  readonly host: string;
  /** PEM files, of the API and of the broker's outer listener. */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** PEM file of the authority that signs sites' certificates. */
  readonly clientCa?: string;
  /** `host:port` of the broker's outer listener. */
  readonly brokerListen?: string;
  readonly credentials?: string;
  readonly requireKeys?: boolean;
  readonly insecure?: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The server would be open to strangers. */
export class ExposureFault extends Error {
  constructor(found: readonly string[]) {
    super(['not started, for strangers could come in:', ...found.map((line) => `  ${line}`), 'or insist with --insecure'].join('\n'));
    this.name = 'ExposureFault';
  }
}

export interface Door {
  readonly broker: EngineOptions['broker'];
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** What guards the API, once the engines are there. @throws ExposureFault when no key opens it */
  gate(engines: Pick<Engines, 'keys'>, rows?: readonly RouteRow[]): Promise<GateOptions>;
}

/** @throws ExposureFault unless `insecure`; RangeError for files and addresses that cannot be used */
export function prepareDoor(options: DoorOptions, sites: readonly Site[], log: Log): Door {
  const { fleet, host, clientCa, brokerListen, insecure = false, env } = options;
  const tls = tlsOf(options);
  const file = options.credentials ?? credentialsBeside(fleet);
  const outer = brokerListen === undefined ? undefined : addressIn(brokerListen);
  const external = env['MQTT_URL'];
  const anonymous = insecure && !existsSync(file);
  const wantsKeys = options.requireKeys === true || (!isLoopback(host) && !(insecure && options.requireKeys === undefined));
  if (outer && !tls) throw new RangeError('--broker-listen needs --tls-cert and --tls-key; on this machine the broker listens without');
  if (outer && external) throw new RangeError('--broker-listen is the embedded broker’s, and MQTT_URL names another; give one of them');
  const exposed: Exposed = {
    host,
    tls: tls !== undefined,
    keys: wantsKeys ? 1 : undefined,
    brokerHost: outer?.host,
    brokerTls: tls !== undefined,
    brokerBinds: external ? env['MQTT_BINDS_SITES'] === '1' : !anonymous,
    brokerUrl: external,
    demoChain: !env['CHAIN_RPC_URL'] || isDemoKey(env['CHAIN_KEY']),
  };
  const judge = (found: readonly string[]) => {
    // a broker elsewhere that is not said to bind is no door of ours: it is told, and unsigned readings are not taken
    const grave = found.filter((line) => !line.includes('MQTT_BINDS_SITES'));
    if (grave.length > 0 && !insecure) throw new ExposureFault(grave);
    for (const line of found) log.warn('server.insecure', line);
  };
  judge(exposuresOf(exposed));
  const access = createFileAccess(identitiesOf(sites), file, (line) => log.warn('broker.client', line));
  if (!external && !anonymous && !existsSync(file))
    log.warn('server.start', `no site can connect yet: ${file} is not there; \`sunward oracle credentials add SITE\` makes it`);
  return {
    tls,
    broker:
      external || anonymous
        ? undefined
        : { access, outer: outer && tls ? { ...outer, ...tls, clientCa: clientCa && textOf('--client-ca', clientCa) } : undefined },
    gate: async ({ keys }, rows = routeRows) => {
      if (!wantsKeys) return { rows, log, anyHost: !isLoopback(host) };
      const good = (await keys.list()).filter((key) => standing(key, wallClock.now()) === 'good');
      if (good.length === 0 && !isLoopback(host)) judge(exposuresOf({ ...exposed, keys: 0 }).filter((line) => line.includes('has no key')));
      return { rows, log, prove: createProver({ keys, clock: wallClock }) };
    },
  };
}

function tlsOf({ tlsCert, tlsKey }: DoorOptions): Door['tls'] {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw new RangeError('--tls-cert and --tls-key go together; give both or neither');
  return { cert: textOf('--tls-cert', tlsCert), key: textOf('--tls-key', tlsKey) };
}

function textOf(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new RangeError(`${option}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}); name a PEM file`, { cause });
  }
}

function addressIn(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) throw new RangeError(`--broker-listen: found ${JSON.stringify(text)}; allowed: address:port`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
