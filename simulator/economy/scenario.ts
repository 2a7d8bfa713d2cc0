/**
 * Economy scenario: who takes part in a simulated year of settlement, on which terms, and what shocks it. Plain values.
 *
 * Owns the defaults, the bounds of every number, and the text form of a shock. A scenario and a seed give one year, to the last
 * byte.
 */
import { z } from 'zod';
import type { Tariff } from '../../scheduler/ledger/charge.ts';
import type { RewardRule } from '../../scheduler/settlement/entitlement.ts';
import { reward, tariff } from '../../scheduler/terms.ts';
import { parseInstant } from '../../units/time.ts';

/** Something is multiplied by `factor` from the start of `fromDay` (the first day is 1) to the end of `toDay`. */
const shockSchema = z
  .strictObject({
    /** `energy`: price of energy from the grid; `token`: what a SUN is worth; `demand`: work that is brought. */
    kind: z.enum(['energy', 'token', 'demand']),
    factor: z.number().min(0.01).max(100),
    fromDay: z.int().min(1),
    toDay: z.int().min(1),
  })
  .refine(({ fromDay, toDay }) => fromDay <= toDay, 'toDay lies before fromDay');

const share = z.number().min(0).max(1);
const whole = (max: number) => z.int().min(0).max(max);

export const economySchema = z.strictObject({
  /** First day, UTC. */
  start: z
    .string()
    .refine((text) => parseInstant(`${text}T00:00Z`) !== undefined, 'expected a day such as 2025-01-01')
    .default('2025-01-01'),
  /** The market is cleared, runs are booked and jobs are owed each day. */
  days: z.int().min(1).max(3_660).default(365),
  /** Providers on the first day. */
  providers: z.int().min(1).max(5_000).default(200),
  seed: whole(Number.MAX_SAFE_INTEGER - 1_000).default(1),
  /** Years drawn from `seed`, `seed + 1`, … */
  seeds: z.int().min(1).max(200).default(5),
  shocks: z.array(shockSchema).max(20).default([]),
  /** Of the providers: those who also buy their own jobs, for what is left of their surplus. */
  washShare: share.default(0.1),
  /** Of the runs: those that leave nothing and are not paid. */
  lostShare: share.default(0.02),
  /** How much the volume of work falls, in %, when the price rises by 1 %. */
  demandElasticity: z.number().min(0.1).max(10).default(1.4),
  /** Of the accelerators there are on the first day: those that are wanted at `referencePrice`. */
  demandShare: z.number().min(0.01).max(10).default(0.5),
  /** SUN per accelerator-hour at which `demandShare` holds. */
  referencePrice: z.number().min(0.01).max(100).default(0.5),
  /** Newcomers who look at the market each day, per provider of the first day. */
  newcomersPerDay: z.number().min(0).max(0.2).default(0.005),
  /** Days of a settlement period: one root each. */
  periodDays: z.int().min(1).max(366).default(7),
  /** Periods between two payments of all claims. */
  claimEveryPeriods: z.int().min(1).max(366).default(4),
  /** Credits the treasury has before it takes a fee, whole SUN. */
  budget: whole(1_000_000_000).default(0),
  /** What the scheduler charges and rewards; as live unless told. */
  terms: z
    .strictObject({
      computeMicrosPerKwh: whole(100_000_000).default(Number(tariff.computeMicrosPerKwh)),
      takePerMille: whole(1_000).default(Number(tariff.takePerMille)),
      rewardUnitsPerWh: whole(1_000_000).default(Number(reward.unitsPerWh)),
      rewardOfTakePerMille: whole(1_000_000).default(Number(reward.ofTakePerMille)),
    })
    .prefault({}),
});

export type EconomyScenario = z.infer<typeof economySchema>;
export type Shock = z.infer<typeof shockSchema>;

/** The terms of a scenario in the scheduler's own types. */
export const termsOf = ({ terms }: EconomyScenario): { readonly tariff: Tariff; readonly reward: RewardRule } => ({
  tariff: { computeMicrosPerKwh: BigInt(terms.computeMicrosPerKwh), takePerMille: BigInt(terms.takePerMille) },
  reward: { unitsPerWh: BigInt(terms.rewardUnitsPerWh), ofTakePerMille: BigInt(terms.rewardOfTakePerMille) },
});

/** A scenario from plain values, absent ones as they are by default. @throws RangeError that names each bad field and what it may be */
export function parseEconomy(given: unknown): EconomyScenario {
  const parsed = economySchema.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  throw new RangeError(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the scenario'}: ${message}`).join('; '));
}

/** Reads `energy=3@91-150`: three times the energy price from day 91 to day 150. @throws RangeError that shows the form */
export function parseShock(text: string): Shock {
  const found = /^(\w+)=([\d.]+)@(\d+)-(\d+)$/.exec(text);
  const parsed = shockSchema.safeParse(
    found && { kind: found[1], factor: Number(found[2]), fromDay: Number(found[3]), toDay: Number(found[4]) },
  );
  if (parsed.success) return parsed.data;
  throw new RangeError(`a shock is energy, token or demand, a factor from 0.01 to 100, and its days, as in energy=3@91-150; found ${text}`);
}

/** `energy price × 3`, for people. */
export const shockText = ({ kind, factor }: Shock): string =>
  `${{ energy: 'energy price', token: 'token price', demand: 'demand' }[kind]} × ${factor}`;

/** What a kind of shock multiplies by on a day (from 1); 1 when none holds. */
export const factorOn = (shocks: readonly Shock[], kind: Shock['kind'], day: number): number =>
  shocks.reduce((product, each) => (each.kind === kind && each.fromDay <= day && day <= each.toDay ? product * each.factor : product), 1);
