/**
 * The states of a job as the page shows them: their order, which are over, and the tag that names one.
 */
import type { JobWire } from '../scheduler/wire.ts';

export type State = JobWire['state'];

/** Order of the counts: what moves, what waits, what is over. */
export const stateOrder: readonly State[] = [
  'RUNNING',
  'SCHEDULED',
  'QUEUED',
  'PAUSED',
  'AWAITING',
  'SUCCEEDED',
  'FAILED',
  'EXPIRED',
  'CANCELLED',
];

/** The three sections of the list: 0 moves, 1 waits, 2 is over. */
export function sectionOf(state: State): 0 | 1 | 2 {
  const place = stateOrder.indexOf(state);
  return place < stateOrder.indexOf('QUEUED') ? 0 : place < stateOrder.indexOf('SUCCEEDED') ? 1 : 2;
}

export const isOver = (state: State): boolean => sectionOf(state) === 2;

export function StateTag({ state }: { state: State }) {
  return <span className={`state state-${state.toLowerCase()}`}>{state.toLowerCase()}</span>;
}
