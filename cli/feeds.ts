/**
 * Feeds command: per zone and signal the sources, what each said last, how old and how far off it is, and whether it counts.
 */
import { Command } from 'commander';
import type { FeedWire } from '../energy-oracle/signals/wire.ts';
import { HOUR, MINUTE } from '../units/time.ts';
import { ask, body, print } from './jobs.ts';
import { table } from './table.ts';

/** `sunward oracle feeds [--json]`. */
export function feedsCommand(): Command {
  return new Command('feeds')
    .description('how the sources of prices, carbon, generation and load stand')
    .option('--api <url>', 'where the oracle answers', process.env['SUNWARD_API'] ?? 'http://127.0.0.1:7070')
    .option('--json', 'print JSON', false)
    .action(async ({ api, json }: { readonly api: string; readonly json: boolean }) => {
      const feeds = (await body(await ask(api, '/v1/feeds'))) as FeedWire[];
      if (json) print(feeds);
      else process.stdout.write(`${feedsText(feeds)}\n`);
    });
}

const nobody = 'Nobody is asked for signals: the `signals` section of the fleet file names no source (docs/grid-feeds.md).';

const number = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : value.toFixed(1));
const age = (ms: number | null): string => {
  if (ms === null) return '–';
  return ms < HOUR ? `${Math.round(ms / MINUTE)} min` : `${(ms / HOUR).toFixed(1)} h`;
};

/** Everything of the feeds, for people: one row a source, under the value of all. */
export function feedsText(feeds: readonly FeedWire[]): string {
  if (feeds.length === 0) return nobody;
  const rows = feeds.flatMap(({ zone, signal, unit, quorum, last, gap, sources }) => [
    [
      zone,
      signal,
      `all (${quorum} of ${sources.length})`,
      last?.start.slice(0, 16) ?? '–',
      number(last?.value),
      unit,
      '',
      spread(last),
      gap ? `gap: ${gap}` : (last?.quality ?? 'not asked yet'),
    ],
    ...sources.map(({ source, standing, ageMs, why, last: own }) => [
      '',
      '',
      source,
      own?.start.slice(0, 16) ?? '–',
      `${number(own?.value)}${own?.estimated ? ' e' : ''}`,
      '',
      age(ageMs),
      own?.deviation === null || own?.deviation === undefined ? '–' : `${own.deviation > 0 ? '+' : ''}${number(own.deviation)}`,
      why === null ? standing : `${standing}: ${why}`,
    ]),
  ]);
  return table(['ZONE', 'SIGNAL', 'SOURCE', 'STEP', '>VALUE', 'UNIT', '>AGE', '>DEVIATION', 'STATE'], rows);
}

const spread = (last: FeedWire['last']): string => (last ? `${number(last.low)} to ${number(last.high)}` : '–');
