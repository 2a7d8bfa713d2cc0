/**
 * Verdicts: what was certified of a site slot by slot, and why not, over the HTTP API.
 */
import { Command } from 'commander';
import type { VerdictWire } from '../energy-oracle/wire.ts';
import { type Instant, toIso } from '../units/time.ts';
import { instantArgument } from './instant-argument.ts';
import { ask, body, print } from './jobs.ts';
import { table } from './table.ts';

interface Options {
  readonly api: string;
  readonly json: boolean;
  readonly start?: Instant;
  readonly end?: Instant;
  readonly asOf?: Instant;
  readonly all: boolean;
}

/** `sunward oracle verdicts SITE`. */
export function verdictsCommand(): Command {
  return new Command('verdicts')
    .description('what was certified of a site, slot by slot, and why not')
    .argument('<site>')
    .option('--start <instant>', 'first slot (default: a day before the end)', instantArgument)
    .option('--end <instant>', 'end of the last slot (default: now)', instantArgument)
    .option('--as-of <instant>', 'as the verdicts were kept then', instantArgument)
    .option('--all', 'list slots in which nothing was to be certified too', false)
    .option('--api <url>', 'where the oracle answers', process.env['SUNWARD_API'] ?? 'http://127.0.0.1:7070')
    .option('--json', 'print JSON', false)
    .action(show);
}

async function show(site: string, { api, json, all, ...asked }: Options): Promise<void> {
  const query = Object.entries({ start: asked.start, end: asked.end, asOf: asked.asOf }).flatMap(([name, instant]) =>
    instant === undefined ? [] : [`${name}=${toIso(instant)}`],
  );
  const path = `/v1/sites/${encodeURIComponent(site)}/verdicts${query.length > 0 ? `?${query.join('&')}` : ''}`;
  const verdicts = (await body(await ask(api, path))) as VerdictWire[];
  if (json) print(verdicts);
  else process.stdout.write(`${verdictsText(site, verdicts, all).join('\n\n')}\n`);
}

/** Slots that say something, and counts by reason. */
export function verdictsText(site: string, verdicts: readonly VerdictWire[], all: boolean): string[] {
  if (verdicts.length === 0) return [`${site}: nothing was judged in that time.`];
  const shown = verdicts.filter(({ certifiedWh, reasons }) => all || certifiedWh !== 0 || reasons.length > 0);
  const rows = shown.map(({ slot, verdict, certifiedWh, ceilingWh, throttled, reasons }) => [
    slot.slice(0, 16),
    verdict + (throttled ? ', throttled' : ''),
    certifiedWh === null ? '–' : String(certifiedWh),
    String(ceilingWh),
    reasons.map(({ reason, detail }) => `${reason}: ${detail}`).join('; '),
  ]);
  const slots = shown.length > 0 ? [table(['SLOT (UTC)', 'VERDICT', '>CERTIFIED Wh', '>CEILING Wh', 'WHY'], rows)] : [];
  return [...slots, countsText(site, verdicts)];
}

function countsText(site: string, verdicts: readonly VerdictWire[]): string {
  const counts = new Map<string, number>();
  const count = (name: string) => void counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const { verdict, reasons } of verdicts) {
    count(verdict);
    for (const { reason } of reasons) count(`  ${reason}`);
  }
  const certified = verdicts.reduce((sum, { certifiedWh }) => sum + (certifiedWh ?? 0), 0);
  const rows = [...counts].sort(([a], [b]) => (a < b ? 1 : -1)).sort(([a], [b]) => Number(a.startsWith(' ')) - Number(b.startsWith(' ')));
  const head = `${site}: ${verdicts.length} slots, ${certified} Wh certified`;
  return `${head}\n${table(
    ['', '>SLOTS'],
    rows.map(([name, slots]) => [name, String(slots)]),
  )}`;
}
