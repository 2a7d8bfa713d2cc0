/**
 * Bench of plausibility: nothing is certified without a sun, honest slots pass, and how long a lie of each size lives.
 *
 * `npm run -s bench -- plausibility [--json] [--only=sun,curve]`. The curve is told as it is: rows with the target
 * `reported` hold whatever they show.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { SlotFacts } from '../../energy-oracle/outlook.ts';
import { randomStream } from '../../simulator/kernel/random.ts';
import type { Bar } from './main.ts';
import { alarmsOf, type Cheat, certifiedOver, detection, type Street, streetOf } from './plausibility-cheats.ts';
import { housesIn, slotsOf } from './plausibility-houses.ts';
import { factsOf, type HonestYear, honestYears, liarInTheDark, realFarms } from './plausibility-sun.ts';

const dataFolder = process.env['SUNWARD_DATA'] ?? '../shared/data';
const read = (path: string): string => gunzipSync(readFileSync(join(dataFolder, path))).toString();
const hasRecords = () => existsSync(join(dataFolder, 'sites/citylearn2022_b1-9.csv.gz'));

const reported = (bar: string, value: number, unit: string): Bar => ({ bar, value, unit, target: 'reported', holds: true });
const rounded = (value: number, digits = 2) => Number(value.toFixed(digits));

export async function benchPlausibility({ seed, only }: { readonly seed: number; readonly only: readonly string[] }): Promise<Bar[]> {
  const parts: Readonly<Record<string, () => Promise<Bar[]>>> = { sun: sunBars, curve: () => curveBars(seed) };
  const bars: Bar[] = [];
  for (const [name, part] of Object.entries(parts)) if (only.length === 0 || only.includes(name)) bars.push(...(await part()));
  return bars;
}

/** Refused slots of an honest year in which the panels told more than nothing, by reason. */
function tally(facts: readonly SlotFacts[], { pvWh }: HonestYear, reasons: Map<string, number>): { honest: number; refused: number } {
  let [honest, refused] = [0, 0];
  for (const [i, { verdict }] of facts.entries()) {
    if (!Number.isFinite(pvWh[i])) continue;
    honest++;
    if (verdict?.kind !== 'refused') continue;
    refused++;
    for (const { reason } of verdict.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return { honest, refused };
}

async function sunBars(): Promise<Bar[]> {
  const years = honestYears();
  const reasons = new Map<string, number>();
  let [darkWh, dark, slots, lit, refused] = [0, 0, 0, 0, 0];
  let worst = { name: '', share: 0 };
  for (const year of years) {
    progress(`a year at ${year.site.name}`);
    const facts = await factsOf(year);
    for (const [i, { surplusWh }] of facts.entries()) {
      if (!year.isDark[i]) lit += (year.pvWh[i] as number) > 0 ? 1 : 0;
      else {
        dark++;
        darkWh += surplusWh ?? 0;
      }
    }
    const told = tally(facts, year, reasons);
    slots += told.honest;
    refused += told.refused;
    if (told.refused / told.honest >= worst.share) worst = { name: year.site.name, share: told.refused / told.honest };
  }
  const bars: Bar[] = [
    {
      bar: `certified below the horizon, honest, ${dark} slots at 12 latitudes`,
      value: darkWh,
      unit: 'Wh',
      target: '0',
      holds: darkWh === 0,
    },
  ];
  for (const share of [0.002, 0.01, 0.1, 1]) {
    const lies = years.map((year) => liarInTheDark(year, share));
    const certifiedWh = lies.reduce((sum, lie) => sum + lie.certifiedWh, 0);
    const caught = lies.reduce((sum, lie) => sum + lie.refused, 0);
    const bar = `certified below the horizon to who tells ${100 * share} % of the nameplate there (${rounded((100 * caught) / dark)} % of slots refused)`;
    bars.push({ bar, value: certifiedWh, unit: 'Wh', target: '0', holds: certifiedWh === 0 });
  }
  bars.push(
    rejects(
      `honest slots refused, 12 latitudes, ${slots} slots (most at ${worst.name}: ${rounded(100 * worst.share, 3)} %)`,
      refused,
      slots,
    ),
  );
  bars.push(rejects(`the same against the ${lit} slots with sun and power`, refused, lit));
  for (const [reason, count] of reasons) bars.push(reported(`honest slots refused for ${reason}`, count, 'slots'));
  return [...bars, ...(await recordBars())];
}

const rejects = (bar: string, refused: number, slots: number): Bar => {
  const share = (100 * refused) / slots;
  return { bar, value: rounded(share, 4), unit: '%', target: '< 0.1', holds: share < 0.1 };
};

/** Real records: two farms whose panels are known, nine houses whose panels were fitted. */
async function recordBars(): Promise<Bar[]> {
  if (!hasRecords()) {
    process.stderr.write(`no records in ${dataFolder}: the real farms and houses are left out (SUNWARD_DATA)\n`);
    return [];
  }
  const houses = housesIn(read('sites/citylearn2022_b1-9.csv.gz')).map((house) => ({
    site: house.site,
    start: house.start,
    pvWh: Float64Array.from(slotsOf(house, 'pv_power'), ({ energyWh }) => energyWh),
    isDark: [],
  }));
  const bars: Bar[] = [];
  for (const [name, years] of [
    ['two real farms', realFarms(read)],
    ['nine real houses', houses],
  ] as const) {
    const reasons = new Map<string, number>();
    let [slots, refused] = [0, 0];
    for (const year of years) {
      progress(`the record of ${year.site.id}`);
      const told = tally(await factsOf(year), year, reasons);
      slots += told.honest;
      refused += told.refused;
    }
    const why = [...reasons].map(([reason, count]) => `${reason} ${count}`).join(', ');
    bars.push(rejects(`slots of ${name} refused, of ${slots}${why ? ` (${why})` : ''}`, refused, slots));
  }
  return bars;
}

const factors = [1.05, 1.1, 1.2, 1.5, 2, 3];
/** Starts of a cheat that are drawn for every house and factor, in days that leave time to learn before and to detect after. */
const startsPerHouse = 4;
const startDays = [60, 280] as const;
/** What is certified wrongly is counted over so many days. */
const lossDays = 60;
const neighbourhoods = 40;

async function curveBars(seed: number): Promise<Bar[]> {
  if (!hasRecords()) {
    process.stderr.write(`no records in ${dataFolder}: the detection curve is left out (SUNWARD_DATA)\n`);
    return [];
  }
  progress('the nine houses');
  const street = streetOf(housesIn(read('sites/citylearn2022_b1-9.csv.gz')));
  const random = randomStream(seed, 'cheats');
  const drawDay = () => random.int(startDays[0], startDays[1]);
  const bars = falseAlarmBars(street, () => random.uniform());
  for (const factor of factors) {
    progress(`× ${factor}`);
    const cheats = street.sites.flatMap((_, house) =>
      Array.from({ length: startsPerHouse }, (): Cheat => ({ house, fromDay: drawDay(), factorAt: () => factor })),
    );
    bars.push(...cheatBars(`× ${factor}`, street, cheats));
  }
  const crawl = street.sites.map((_, house): Cheat => ({ house, fromDay: 60, factorAt: (days) => Math.min(1.5, 1 + (0.5 * days) / 182) }));
  bars.push(...cheatBars('rising to × 1.5 over half a year', street, crawl));
  return bars;
}

function falseAlarmBars(street: Street, draw: () => number): Bar[] {
  const all = Object.values(alarmsOf(street)).flat().length;
  let [alarms, sites] = [0, 0];
  for (let i = 0; i < neighbourhoods; i++) {
    const among = street.sites.map((_, house) => house).filter(() => draw() < 0.7);
    if (among.length < 4) continue;
    alarms += Object.values(alarmsOf(street, undefined, among)).flat().length;
    sites += among.length;
  }
  const years = street.days / 365;
  return [
    reported('false alarms, nine honest houses', rounded(all / 9 / years, 3), 'per site and year'),
    reported(
      `false alarms, ${neighbourhoods} drawn neighbourhoods of them (${sites} houses)`,
      rounded(alarms / sites / years, 3),
      'per site and year',
    ),
  ];
}

function cheatBars(name: string, street: Street, cheats: readonly Cheat[]): Bar[] {
  const found: number[] = [];
  const sizes: number[] = [];
  let [toldWh, honestWh] = [0, 0];
  let inflatedWh = 0;
  for (const cheat of cheats) {
    const alarms = alarmsOf(street, cheat)[(street.sites[cheat.house] as { id: string }).id] ?? [];
    const seen = detection(street, cheat, alarms);
    if (seen) {
      found.push(seen.days);
      sizes.push(seen.alarm.factor);
    }
    const certified = certifiedOver(street, cheat, alarms, lossDays);
    toldWh += certified.toldWh;
    honestWh += certified.honestWh;
    inflatedWh += certifiedOver(street, cheat, [], lossDays).toldWh - certified.honestWh;
  }
  const at = (share: number) => found.sort((a, b) => a - b)[Math.ceil(share * cheats.length) - 1];
  const days = (share: number) => rounded(at(share) ?? -1, 0);
  const size = sizes.sort((a, b) => a - b)[sizes.length >> 1] ?? 0;
  return [
    reported(
      `${name}: cheats found (believed × ${rounded(size)})`,
      rounded((100 * found.length) / cheats.length, 0),
      `% of ${cheats.length}`,
    ),
    reported(`${name}: days to detect, median (-1: never)`, days(0.5), 'd'),
    reported(`${name}: days to detect, 90 % (-1: never)`, days(0.9), 'd'),
    reported(`${name}: certified wrongly in ${lossDays} days`, rounded((100 * (toldWh - honestWh)) / honestWh, 1), '% of honest'),
    reported(`${name}: certified wrongly, of a house and day`, rounded((toldWh - honestWh) / cheats.length / lossDays, 0), 'Wh'),
    reported(`${name}: the same without neighbours, ceiling and nameplate alone`, rounded((100 * inflatedWh) / honestWh, 1), '% of honest'),
  ];
}

const progress = (what: string) => process.stderr.write(`${what}…\n`);
