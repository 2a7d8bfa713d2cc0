/**
 * Meter status: a gateway's spool and last words, read from beside it, whether it runs or not.
 */
import { existsSync, readdirSync } from 'node:fs';
import { readFileSpool } from '../energy-oracle/store/file-spool.ts';
import { toIso } from '../units/time.ts';
import { spoolFolder } from './meter-run.ts';
import { isRunning, type MeterState, readMeterState } from './meter-state.ts';
import { table } from './table.ts';

export interface MeterStatus {
  readonly data: string;
  readonly running: boolean;
  /** Messages in the spool, per sender; a batch is one. */
  readonly spools: readonly {
    readonly sender: string;
    readonly pending: number;
    /** End of the oldest interval without a receipt. */
    readonly oldest: string | null;
    readonly bytes: number;
  }[];
  /** As the gateway wrote it last; `null` when none ever ran here. */
  readonly state: MeterState | null;
}

/** @throws Error when no gateway ever ran in the folder; SpoolFault when its spool cannot be read */
export async function meterStatus(data: string): Promise<MeterStatus> {
  const folder = spoolFolder(data);
  if (!existsSync(folder)) throw new Error(`${data} holds no spool: no gateway ran there; name its folder with --data`);
  const senders = new Set(readdirSync(folder).flatMap((file) => /^(.+?)(?:\.\d{8})?\.jsonl$/.exec(file)?.[1] ?? []));
  const state = readMeterState(data) ?? null;
  const spools = [...senders].sort().map(async (encoded) => {
    const sender = decodeURIComponent(encoded);
    const spool = await readFileSpool({ folder, sender });
    const { entries, bytes } = spool.size();
    const oldest = spool.pending()[0];
    return { sender, pending: entries, oldest: oldest ? toIso(oldest.end) : null, bytes };
  });
  return { data, running: state !== null && isRunning(state), spools: await Promise.all(spools), state };
}

const clockText = ({ clock, aheadMs }: MeterState): string => {
  const words = { right: 'right', behind: 'behind what was told', unset: 'never set', ahead: 'ahead of the oracle' }[clock];
  return aheadMs === null
    ? words
    : `${words}; ${Math.abs(aheadMs / 1_000).toFixed(1)} s ${aheadMs < 0 ? 'behind' : 'ahead of'} the oracle at the last receipt`;
};

/** For people. */
export function statusText({ data, running, spools, state }: MeterStatus): string {
  const rows = spools.flatMap(({ sender, pending, oldest, bytes }): [string, string][] => [
    ['sender', sender],
    ['without a receipt', `${pending}${oldest === null ? '' : `, the oldest of ${oldest}`}`],
    ['spool', `${bytes} bytes${state ? ` of at most ${state.spoolBytesMax}` : ''}`],
  ]);
  const more: [string, string][] = state
    ? [
        ['written', state.writtenAt],
        ['last receipt', state.lastReceiptAt ?? 'none since it started'],
        ['told since start', `${state.toldReadings} readings; ${state.committed} messages committed`],
        [
          'refused',
          Object.entries(state.refusals)
            .map(([reason, count]) => `${reason} ${count}`)
            .join(', ') || 'none',
        ],
        ['dropped', `${state.droppedReadings}${state.spoolFault === null ? '' : `; ${state.spoolFault}`}`],
        ['gaps now', state.gaps.join(', ') || 'none'],
        ['not understood', String(state.notUnderstood)],
        ['clock', clockText(state)],
      ]
    : [];
  return table(['WHAT', 'IS'], [['gateway', `${running ? 'running' : 'not running'}, ${data}`], ...rows, ...more]);
}
