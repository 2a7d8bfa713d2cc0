/**
 * Ingest under measure: how fast readings become receipts, what kills and liars can do to them, and the bars of the parts
 * that telemetry goes through next: the sun's, the stores' and the sources'.
 *
 * `--only=rates,kills,forged,sun,stores,feeds` runs some of them; progress goes to stderr. Rates are of this machine and
 * moment, the counts are not.
 */
import { benchFeeds } from './feeds.ts';
import { benchHostile } from './ingest-hostile.ts';
import { benchKills } from './ingest-kills.ts';
import { benchRates } from './ingest-rate.ts';
import type { Bar } from './main.ts';
import { benchPlausibility } from './plausibility.ts';
import { benchStores } from './stores.ts';

export interface IngestBenchArguments {
  /** The same as `only: ['forged']`. */
  readonly forged: boolean;
  readonly only: readonly string[];
  readonly seed: number;
}

/** The bars of the parts, all of them (about an hour) when none is named. @throws RangeError for a part that there is not */
export async function benchIngest({ forged, only, seed }: IngestBenchArguments): Promise<Bar[]> {
  const tell = (line: string) => void process.stderr.write(`${line}\n`);
  const parts: Readonly<Record<string, () => Promise<readonly Bar[]>>> = {
    rates: () => benchRates(tell),
    kills: () => benchKills({ seed, tell }),
    forged: () => benchHostile(seed, [], tell),
    sun: () => benchPlausibility({ seed, only: ['sun'] }),
    stores: () => benchStores(),
    feeds: () => benchFeeds({ seed }),
  };
  const wanted = forged ? ['forged'] : only.length > 0 ? only : Object.keys(parts);
  const bars: Bar[] = [];
  for (const name of wanted) {
    const part = parts[name];
    if (!part) throw new RangeError(`no part "${name}" of ingest; there are: ${Object.keys(parts).join(', ')}`);
    bars.push(...(await part()));
  }
  return bars;
}
