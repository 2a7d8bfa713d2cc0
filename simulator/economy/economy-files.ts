/**
 * Economy files: simulated years as texts: a row a day, a row a provider, the summary, the page. One run, the same bytes.
 *
 * Amounts of the ledger and the contract are exact decimals of whole SUN; what the model worked out in floats is rounded to a
 * millionth.
 */
import { inTokens } from '../../scheduler/settlement/settle.ts';
import { toIso } from '../../units/time.ts';
import type { EconomyDay, EconomyYear } from './economy.ts';
import { type EconomyRun, economyPage } from './economy-page.ts';
import { meanInterval, pairedInterval } from './interval.ts';
import { metrics, summariesOf } from './outcome.ts';

const sun = (micros: bigint): string => (micros < 0n ? `-${inTokens(-micros, 6)}` : inTokens(micros, 6));
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6 + 0;

/** Columns of a day, in order; money in SUN unless the name says EUR. */
const dayColumns: Readonly<Record<string, (day: EconomyDay) => string | number>> = {
  day: ({ day }) => day,
  date: ({ at }) => toIso(at).slice(0, 10),
  tokenPriceEur: ({ tokenPrice }) => rounded(tokenPrice),
  price: ({ price }) => rounded(price),
  soldHours: ({ soldHours }) => rounded(soldHours),
  capacityHours: ({ capacityHours }) => rounded(capacityHours),
  meteredWh: ({ meteredWh }) => meteredWh,
  certifiedWh: ({ certifiedWh }) => certifiedWh,
  fees: ({ fees }) => sun(fees),
  take: ({ take }) => sun(take),
  takeOfAll: ({ takeOfAll }) => sun(takeOfAll),
  subsidy: ({ subsidy }) => sun(subsidy),
  subsidyOfTakeMost: ({ subsidyOfTakeMost }) => rounded(subsidyOfTakeMost),
  held: ({ held }) => sun(held),
  minted: ({ minted }) => sun(minted),
  promised: ({ promised }) => sun(promised),
  paid: ({ paid }) => sun(paid),
  escrow: ({ escrow }) => sun(escrow),
  providers: ({ providers }) => providers,
  homes: ({ byKind }) => byKind.home,
  farms: ({ byKind }) => byKind.farm,
  halls: ({ byKind }) => byKind.hall,
  entries: ({ entries }) => entries,
  exits: ({ exits }) => exits,
  washGain: ({ washGain }) => sun(washGain),
  washNetEur: ({ washNetEur }) => rounded(washNetEur),
};

type Variant = 'with shocks' | 'without shocks';

/** Which years there are, and what they are called. */
const variantsOf = ({ years, base }: EconomyRun): readonly { readonly name: Variant; readonly years: readonly EconomyYear[] }[] =>
  base
    ? [
        { name: 'without shocks', years: base },
        { name: 'with shocks', years },
      ]
    : [{ name: 'without shocks', years }];

function daysCsv(run: EconomyRun): string {
  const rows = variantsOf(run).flatMap(({ name, years }) =>
    years.flatMap(({ seed, days }) => days.map((day) => [name, seed, ...Object.values(dayColumns).map((of) => of(day))].join())),
  );
  return `${[['variant', 'seed', ...Object.keys(dayColumns)].join(), ...rows].join('\n')}\n`;
}

function providersCsv(run: EconomyRun): string {
  const rows = variantsOf(run).flatMap(({ name, years }) =>
    years.flatMap(({ seed, providers, days }) =>
      providers.map(({ provider, from, until, incomeEur, marginSoFarEur }) => {
        const last = (until ?? days.length) - 1;
        const income = incomeEur.reduce((sum, value) => sum + value, 0);
        const margin = last >= from ? (marginSoFarEur[last] as number) : 0;
        const { site, kind, accelerators, isWashTrader } = provider;
        return [
          name,
          seed,
          site.id,
          kind,
          site.zone,
          accelerators,
          isWashTrader,
          from + 1,
          until ?? '',
          rounded(income),
          rounded(margin),
        ].join();
      }),
    ),
  );
  return `variant,seed,provider,kind,zone,accelerators,washTrader,firstDay,lastDay,incomeEur,marginEur\n${rows.join('\n')}\n`;
}

/** The run as one value for programs: the scenario, every span of every seed, and the year's means with intervals. */
export function economyJson(run: EconomyRun): unknown {
  const { scenario, years, base } = run;
  const yearly = (of: readonly EconomyYear[], metric: (typeof metrics)[number]) =>
    of.flatMap((year) => summariesOf(year).slice(-1).map(metric.of));
  return {
    scenario,
    year: metrics.map((metric) => ({
      metric: metric.name,
      unit: metric.unit,
      ...meanInterval(yearly(years, metric)),
      ...(base
        ? { withoutShocks: meanInterval(yearly(base, metric)), difference: pairedInterval(yearly(base, metric), yearly(years, metric)) }
        : {}),
    })),
    variants: variantsOf(run).map(({ name, years: own }) => ({
      name,
      years: own.map((year) => ({
        seed: year.seed,
        jobsChecked: year.jobsChecked,
        periods: year.settlements.length,
        root: year.settlements.at(-1)?.root,
        spans: summariesOf(year),
      })),
    })),
  };
}

/** All files of a run by their names. */
export const economyFiles = (run: EconomyRun): Readonly<Record<string, string>> => ({
  'days.csv': daysCsv(run),
  'providers.csv': providersCsv(run),
  'summary.json': `${JSON.stringify(economyJson(run), null, 2)}\n`,
  'economy.html': economyPage(run),
});
