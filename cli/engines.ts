/**
 * Engines: the broker, the database and the chain under the river, embedded unless a URL names a real one.
 *
 * `DATABASE_URL`, `MQTT_URL` and `CHAIN_RPC_URL` (with `CHAIN_KEY`) move a part onto a real engine, `INFLUX_URL` puts one
 * beside the database; nothing else changes. Says of each part which engine it is, whether it is durable, and where it stops scaling.
 */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { ModelStore } from '../energy-oracle/forecast/model-store.ts';
import { createPostgresModelStore, modelSchema } from '../energy-oracle/forecast/postgres-model-store.ts';
import { seriesSchema } from '../energy-oracle/store/postgres-series-store.ts';
import type { SeriesStore } from '../energy-oracle/store/series-store.ts';
import type { KeyStore } from '../energy-oracle/telemetry/keys/key-store.ts';
import { createPostgresKeyStore, keySchema } from '../energy-oracle/telemetry/keys/postgres-key-store.ts';
import { createPostgresVerdictStore, verdictSchema } from '../energy-oracle/verdict/postgres-verdict-store.ts';
import type { VerdictStore } from '../energy-oracle/verdict/verdict-store.ts';
import type { LedgerStore } from '../scheduler/ledger/ledger-store.ts';
import { createPostgresLedgerStore, ledgerSchema } from '../scheduler/ledger/postgres-ledger-store.ts';
import type { JobStore } from '../scheduler/queue/job-store.ts';
import { createPostgresJobStore, jobSchema } from '../scheduler/queue/postgres-job-store.ts';
import type { Chain } from '../scheduler/settlement/chain.ts';
import { createEthersChain } from '../scheduler/settlement/ethers-chain.ts';
import { createPostgresSettlementStore, settlementSchema } from '../scheduler/settlement/postgres-settlement-store.ts';
import type { SettlementStore } from '../scheduler/settlement/settlement-store.ts';
import type { ApiKeyStore } from './door/api-key-store.ts';
import type { OwnAccess } from './door/broker-access.ts';
import { apiKeySchema, createPostgresApiKeyStore } from './door/postgres-api-key-store.ts';
import { startAnvil } from './embedded/anvil.ts';
import { type BrokerStats, type OuterListener, startBroker } from './embedded/broker.ts';
import { startPostgres } from './embedded/postgres.ts';
import { type OpenedSeries, openSeries } from './influx.ts';
import { type BrokerLine, brokerLine } from './mqtt-line.ts';
import { claimDatabase } from './sole-owner.ts';
import { worldMarkSchema } from './world-mark.ts';

export interface Part {
  readonly part: string;
  readonly engine: string;
  readonly durable: boolean;
  readonly address: string;
  /** Where it stops scaling; embedded limits are never hidden. */
  readonly limit: string;
}

export interface Engines {
  readonly pool: pg.Pool;
  readonly stores: {
    readonly series: SeriesStore;
    readonly models: ModelStore;
    readonly keys: KeyStore;
    readonly verdicts: VerdictStore;
    readonly jobs: JobStore;
    readonly ledger: LedgerStore;
    readonly settlements: SettlementStore;
  };
  readonly mqtt: MqttEngine;
  /** Of the API. */
  readonly keys: ApiKeyStore;
  readonly chain: Chain;
  readonly parts: readonly Part[];
  /** Points that InfluxDB has not been told yet; without one there is nothing to tell. */
  readonly influxBacklog: (() => Promise<number>) | undefined;
  /** Names what does not answer; empty when all do. */
  missing(): Promise<readonly string[]>;
  /** Ends what was started here, in the reverse order; at most five seconds. */
  stop(): Promise<void>;
}

export interface MqttEngine {
  /** For the oracle and the scheduler: where the broker is, and their own credential. */
  readonly line: BrokerLine;
  /** Whether the broker lets a connection speak only for its own site: without it no unsigned reading can be believed. */
  readonly bindsSites: boolean;
  /** Of the embedded broker. */
  readonly stats: (() => BrokerStats) | undefined;
}

export interface EngineOptions {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (line: string) => void;
  /** Who may connect to the embedded broker, and where from; without it anybody on this machine may do everything. */
  readonly broker?: { readonly access: OwnAccess; readonly outer?: OuterListener | undefined } | undefined;
}

/** Lines of initdb and of PostgreSQL's log that tell an operator nothing. */
const engineChatter =
  /^$|^The |^This |^(initdb|creating|selecting|fixing|performing|running|syncing|ok|Data page|Success|You can|Enter )|\bLOG: |database system is starting up|^\s/;

/** Connections of the pool: a cycle asks for all sites at once, the API beside it. */
const poolMax = 20;

/** Starts or connects all three engines and lays the tables; what was started is stopped again when one fails. */
export async function startEngines({ folder, env, log: tell, broker: door }: EngineOptions): Promise<Engines> {
  makeFolder(folder);
  const stops: (() => Promise<void>)[] = [];
  const parts: Part[] = [];
  let stopping = false;
  /** Engines are talkative: what they say at birth and at death is theirs. */
  const log = (line: string) => {
    if (!stopping && !engineChatter.test(line)) tell(line);
  };
  const stop = async () => {
    stopping = true;
    for (const end of stops.reverse()) await end().catch((fault) => log(String(fault)));
    stops.length = 0;
  };
  try {
    const [database, mqtt, chain] = await Promise.all([openDatabase(), openBroker(), openChain()]);
    const series = await openSeries(database, env, log);
    stops.push(() => series.stop());
    if (series.part) parts.push(series.part);
    return {
      pool: database,
      stores: storesOn(database, series),
      keys: createPostgresApiKeyStore(database),
      mqtt,
      chain,
      parts,
      influxBacklog: series.backlog,
      missing: () => silent(database, chain, series),
      stop,
    };
  } catch (fault) {
    await stop();
    throw fault;
  }

  async function openDatabase(): Promise<pg.Pool> {
    const given = env['DATABASE_URL'];
    const embedded = given ? undefined : await startPostgres({ folder: join(folder, 'postgres'), log });
    if (embedded) stops.push(() => embedded.stop());
    const pool = new pg.Pool({ connectionString: given ?? embedded?.url, max: poolMax });
    pool.on('error', (fault) => log(`a database session ended: ${fault.message}`));
    stops.push(() => pool.end());
    const release = await claimDatabase(pool);
    stops.push(async () => release());
    await layTables(pool);
    const engine = embedded ? `PostgreSQL ${embedded.version} (embedded)` : 'PostgreSQL (DATABASE_URL)';
    const address = withoutPassword(given ?? embedded?.url ?? '');
    parts.push({
      part: 'state, queue, ledger, series',
      engine,
      durable: true,
      address,
      limit: embedded ? 'this machine’s disk' : 'the server’s own',
    });
    return pool;
  }

  async function openBroker(): Promise<MqttEngine> {
    const given = env['MQTT_URL'];
    const embedded = given
      ? undefined
      : await startBroker({ log, ...(door ? { access: door.access } : {}), ...(door?.outer ? { outer: door.outer } : {}) });
    if (embedded) stops.push(() => embedded.stop());
    const engine = embedded ? 'aedes (embedded)' : 'MQTT broker (MQTT_URL)';
    const line = given ? brokerLine(given, env) : { url: embedded?.url ?? '', ...door?.access.service };
    const url = [embedded?.outerUrl, line.url].filter(Boolean).join(' ');
    parts.push({
      part: 'broker',
      engine,
      durable: false,
      address: url,
      limit: embedded ? 'one process; spools and receipts carry durability' : 'the broker’s own; spools and receipts carry durability',
    });
    return { line, bindsSites: given ? env['MQTT_BINDS_SITES'] === '1' : door !== undefined, stats: embedded?.stats };
  }

  async function openChain(): Promise<Chain> {
    const given = env['CHAIN_RPC_URL'];
    const embedded = given ? undefined : await startAnvil({ folder: join(folder, 'anvil'), log });
    if (embedded) stops.push(() => embedded.stop());
    const key = env['CHAIN_KEY'] ?? embedded?.mnemonic;
    if (!key) throw new RangeError('CHAIN_RPC_URL needs CHAIN_KEY: a 0x-prefixed private key or a mnemonic of the settler');
    const chain = createEthersChain({
      rpcUrl: given ?? embedded?.rpcUrl ?? '',
      chainId: given ? BigInt(env['CHAIN_ID'] ?? 1) : (embedded?.chainId ?? 0n),
      key,
      pollMs: given ? 1_000 : 5,
    });
    stops.push(() => chain.close());
    const engine = embedded ? `${embedded.version} (embedded, public demo keys)` : 'EVM JSON-RPC (CHAIN_RPC_URL)';
    parts.push({
      part: 'chain',
      engine,
      durable: !embedded,
      address: given ?? embedded?.rpcUrl ?? '',
      limit: embedded ? 'rebuilt from the journal when it loses blocks' : 'the chain’s own',
    });
    return chain;
  }
}

const storesOn = (pool: pg.Pool, { series }: OpenedSeries): Engines['stores'] => ({
  series,
  models: createPostgresModelStore(pool),
  keys: createPostgresKeyStore(pool),
  verdicts: createPostgresVerdictStore(pool),
  jobs: createPostgresJobStore(pool),
  ledger: createPostgresLedgerStore(pool),
  settlements: createPostgresSettlementStore(pool),
});

async function silent(pool: pg.Pool, chain: Chain, series: OpenedSeries): Promise<readonly string[]> {
  const answers = await Promise.allSettled([pool.query('select 1'), chain.status()]);
  const asked = ['database', 'chain'].filter((_, i) => answers[i]?.status === 'rejected');
  return series.away() === undefined ? asked : [...asked, 'influx'];
}

/** The data folder cannot be used. */
export class DataFolderFault extends Error {
  constructor(folder: string, cause: unknown) {
    super(
      `data folder ${JSON.stringify(folder)} cannot be made or written (${(cause as NodeJS.ErrnoException).code}); give another with --data`,
      { cause },
    );
    this.name = 'DataFolderFault';
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  } catch (cause) {
    throw new DataFolderFault(folder, cause);
  }
}

/** One lock for every process that lays tables at once. */
const tablesLock = 0x73_75_6e;

async function layTables(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [tablesLock]);
    for (const schema of [
      seriesSchema,
      verdictSchema,
      modelSchema,
      keySchema,
      jobSchema,
      ledgerSchema,
      settlementSchema,
      worldMarkSchema,
      apiKeySchema,
    ])
      await client.query(schema);
    await client.query('commit');
  } catch (fault) {
    await client.query('rollback').catch(() => undefined);
    throw fault;
  } finally {
    client.release();
  }
}

const withoutPassword = (url: string): string => url.replace(/\/\/[^@/]*@/, '//');
