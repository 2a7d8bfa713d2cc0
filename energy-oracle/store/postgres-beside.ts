/**
 * Beside: what else is written in a commit of the series store, as a port, for an engine that is told of it later.
 *
 * Owns only the words. Everything given was new in this commit; what a listener writes with the same client stands or
 * falls with it, so whoever is told of a commit by its outbox misses none and hears of none that was undone.
 */
import type pg from 'pg';
import type { Instant, Interval } from '../../units/time.ts';
import type { Curve } from '../grid/grid-feed.ts';
import type { Outlook } from '../outlook.ts';
import type { Reading, Stream } from '../telemetry/reading.ts';
import type { Accepted, EnergyStep, StepEnergy } from './series-store.ts';

/** A total of the books after a commit; `reason` is empty unless `kind` is `quarantined`. */
export interface Total {
  readonly kind: string;
  readonly reason: string;
  readonly count: number;
}

export interface Committed {
  readonly readings: readonly Accepted<Reading>[];
  readonly curves: readonly Accepted<Curve>[];
  /** Of the kinds that this commit changed. */
  readonly totals: readonly Total[];
  /** When the newest message of it was received. */
  readonly receivedAt: Instant;
}

export interface SeriesEnergy extends StepEnergy {
  readonly site: string;
  readonly stream: Stream;
}

export interface Beside {
  committed(client: pg.PoolClient, told: Committed): Promise<void>;
  /** Slots that were written and the hours and days that changed with them. */
  rolledUp(client: pg.PoolClient, energy: Readonly<Record<EnergyStep, readonly SeriesEnergy[]>>): Promise<void>;
  /** Readings and their energy within the interval came in bulk and were not told of one by one. */
  imported(client: pg.PoolClient, interval: Interval): Promise<void>;
  issued(client: pg.PoolClient, outlook: Outlook): Promise<void>;
}
