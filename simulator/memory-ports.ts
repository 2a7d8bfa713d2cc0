/**
 * Memory ports: a world on every port's in-memory reference. Nothing is written, nothing waits for a wall clock.
 *
 * Signatures, receipts, leases and proofs are the real ones; only what would carry or keep them is in memory, and gone
 * with the process. A message that was lost is sent again when nothing else is left to do, so a run is repeatable.
 */
import { createMemorySeriesStore } from '../energy-oracle/store/memory-series-store.ts';
import { createMemorySpool } from '../energy-oracle/store/spool.ts';
import { createMemoryLine } from '../energy-oracle/telemetry/telemetry-source.ts';
import type { Executor } from '../scheduler/agent/executor.ts';
import { createMemoryJournal } from '../scheduler/agent/journal.ts';
import { createMemoryDispatch } from '../scheduler/dispatch/dispatch-link.ts';
import { createMemoryLedgerStore } from '../scheduler/ledger/memory-ledger-store.ts';
import { createMemoryJobStore } from '../scheduler/queue/memory-job-store.ts';
import { createMemoryChain } from '../scheduler/settlement/memory-chain.ts';
import { createMemorySettlementStore } from '../scheduler/settlement/memory-settlement-store.ts';
import type { Clock } from '../units/clock.ts';
import type { Instant } from '../units/time.ts';
import { unpaced } from './kernel/virtual-clock.ts';
import { createSimEngine } from './plant/sim-engine.ts';
import type { Scenario } from './scenario.ts';
import type { WorldPorts } from './world.ts';

/** What carries readings, curves and weather forecasts. */
export type LineName = 'telemetry' | 'grid' | 'weather';

/** The ports, and what lies behind them in view. */
export function memoryPorts(scenario: Scenario, tell: WorldPorts['tell'] = () => {}) {
  const stores = {
    series: createMemorySeriesStore(),
    jobs: createMemoryJobStore(),
    ledger: createMemoryLedgerStore(),
    settlements: createMemorySettlementStore(),
    chain: createMemoryChain(),
  };
  const { series, ...scheduler } = stores;
  const keys = new Map(scenario.sites.map(({ site }) => [site.id, site.meterKey]));
  const doubts: string[] = [];
  const dispatch = createMemoryDispatch(
    (site) => keys.get(site),
    (reason) => doubts.push(reason),
  );
  let lines: Record<LineName, ReturnType<typeof createMemoryLine>> | undefined;
  const line = (name: LineName) => {
    if (!lines) throw new RangeError('the oracle lays the lines first');
    return lines[name];
  };
  let mark: Instant | undefined;
  let lastId = 0;
  let executor: Executor | undefined; // one for all sites: a checkpoint made at one is found at the next
  const executorOn = (clock: Clock): Executor => {
    executor ??= createSimEngine(clock);
    return executor;
  };
  const ports: WorldPorts = {
    scenario,
    pace: unpaced,
    mark: {
      load: async () => mark,
      save: async (instant) => {
        mark = instant;
      },
    },
    oracle: (clock) => {
      lines = { telemetry: createMemoryLine({ clock }), grid: createMemoryLine({ clock }), weather: createMemoryLine({ clock }) };
      return { store: series, telemetry: lines.telemetry.source, grid: lines.grid.source, weather: lines.weather.source };
    },
    scheduler: { ...scheduler, link: dispatch.scheduler },
    meterUplink: () => line('telemetry').uplink(),
    feedUplink: () => line('grid').uplink(),
    weatherUplink: () => line('weather').uplink(),
    spool: async () => createMemorySpool(),
    agentLink: () => dispatch.agent(),
    executor: (_site, clock) => executorOn(clock),
    journal: () => createMemoryJournal(),
    wait: idle,
    newId: () => `job-${++lastId}`,
    tell,
  };
  return { ports, stores, dispatch, line, doubts };
}

/** Resolves when everything that can go on without waiting has gone on. */
export const idle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
