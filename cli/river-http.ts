/**
 * River over HTTP: both floors' APIs, the summary and the claims, the same for the live and the virtual river.
 */
import { oracleApi } from '../energy-oracle/api.ts';
import type { Oracle } from '../energy-oracle/oracle.ts';
import type { ServedConfig } from '../energy-oracle/served/served-apis.ts';
import { signalsApi } from '../energy-oracle/signals/api.ts';
import type { SignalFetcher } from '../energy-oracle/signals/fetched-signals.ts';
import type { Site } from '../energy-oracle/site.ts';
import { seriesApi } from '../energy-oracle/store/api.ts';
import { keyApi } from '../energy-oracle/telemetry/keys/http-key-api.ts';
import type { KeyRegistry } from '../energy-oracle/telemetry/keys/key-registry.ts';
import { verdictApi } from '../energy-oracle/verdict/api.ts';
import type { PvFetcher } from '../energy-oracle/weather/fetched-pv.ts';
import { schedulerApi } from '../scheduler/api.ts';
import type { Scheduler } from '../scheduler/engine.ts';
import type { Clock } from '../units/clock.ts';
import { type Instant, SLOT, toIso } from '../units/time.ts';
import { claimsOf } from './claims.ts';
import { createAuthenticate } from './door/authenticate.ts';
import { onlyOwner, seesMetersOf } from './door/gate.ts';
import { routeRows, withMounted } from './door/route-table.ts';
import type { Engines, Part } from './engines.ts';
import type { EventLog } from './event-log.ts';
import { type HttpOptions, type HttpServer, startHttp } from './http-server.ts';
import { servedParts } from './served-http.ts';
import { createSummary } from './summary.ts';

export interface RiverHttp {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  /** Where owners change the keys of their meters; without it they cannot. */
  readonly keys?: KeyRegistry;
  readonly sites: readonly Site[];
  readonly oracle: Oracle;
  readonly scheduler: Scheduler;
  readonly engines: Engines;
  readonly parts: readonly Part[];
  readonly events: EventLog;
  readonly currency: string;
  /** Virtual time per wall time. */
  readonly speed: number;
  readonly seed: number;
  /** What the summary counts from. */
  readonly start: Instant;
  readonly defaultOwner: string;
  /** Who may come in and over what; without `gate.prove` everybody on loopback. */
  readonly door?: Pick<HttpOptions, 'gate' | 'tls' | 'metrics'>;
  /** Names what is missing beside what the engines know. */
  readonly missing?: () => Promise<readonly string[]>;
  /** Sources of signals that are asked; without it nobody is. */
  readonly signals?: SignalFetcher;
  readonly pvForecasts?: PvFetcher;
  /** Where the imitated APIs are. */
  readonly apis?: ServedConfig | undefined;
}

/** Listens, and says which part of the table it is. @throws HttpFault when the port is taken; RangeError for a mount that is */
export async function startRiverHttp(river: RiverHttp): Promise<HttpServer & { readonly part: Part }> {
  const { clock, sites, oracle, scheduler, engines, currency } = river;
  const { series, models, jobs, ledger, settlements } = engines.stores;
  const { chain } = engines;
  const { seed, start } = river;
  const sum = createSummary({ series, jobs, ledger, chain, surplusOver: oracle.surplusOver, seed, currency, start, settlingMs: 2 * SLOT });
  const parts = [...river.parts];
  const { feeds = () => [], staleMsOf = () => undefined } = river.signals ?? {};
  const { gate } = river.door ?? {};
  const authenticate = gate?.prove && createAuthenticate(gate.prove);
  const served = servedParts({ clock, sites, store: series, config: river.apis, authenticate });
  const http = await startHttp({
    host: river.host,
    port: river.port,
    events: river.events,
    routers: [
      oracleApi({ clock, sites, view: oracle.view, store: series, currency, scores: (site) => models.scores(site), seesMetersOf }),
      seriesApi({ clock, sites, store: series, seesMetersOf }),
      verdictApi({ clock, sites, facts: oracle.view.facts, kept: oracle.verdicts, seesMetersOf }),
      signalsApi({ clock, store: series, feeds, staleMsOf, pvForecastOf: (site) => river.pvForecasts?.forecastOf(site) }),
      ...(river.keys ? [keyApi({ clock, sites, registry: river.keys })] : []),
      schedulerApi({ scheduler, jobs, ledger, settlements, domain: chain.domain, defaultOwner: river.defaultOwner, onlyOwner }),
      ...served.routers,
    ],
    status: () => ({ now: toIso(clock.now()), speed: river.speed, currency, parts }),
    summary: () => sum(clock.now()),
    claims: () => claimsOf(chain, sites, settlements),
    missing: river.missing ?? engines.missing,
    ...river.door,
    gate: { ...gate, rows: withMounted(gate?.rows ?? routeRows, served.rows) },
  });
  const part: Part = { part: 'API and page', engine: 'express', durable: false, address: http.url, limit: 'one process' };
  parts.push(part);
  return { ...http, part };
}
