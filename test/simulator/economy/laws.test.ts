/** The laws' checks: each planted breach is thrown with its law, its day and its facts. */
import { describe, expect, test } from 'vitest';
import type { EntryBody } from '../../../scheduler/ledger/entry.ts';
import type { ChainStatus, Settlement } from '../../../scheduler/settlement/chain.ts';
import { checkAccrued, checkCertified, checkMoney, checkWashProof, LawBreach, type MoneyState } from '../../../simulator/economy/laws.ts';

const breachOf = (check: () => void): { law: number; day: number; text: string } | undefined => {
  try {
    check();
    return undefined;
  } catch (fault) {
    if (!(fault instanceof LawBreach)) throw fault;
    return { law: fault.law, day: fault.day, text: fault.message };
  }
};
const entry = (site: string, meteredWh: number, surplusWh: number) =>
  ({ run: `${site}#1`, site, meteredWh, actual: { surplusWh } }) as unknown as EntryBody;

describe('certified energy', () => {
  const check = (...entries: EntryBody[]) => breachOf(() => checkCertified(3, entries, new Map([['roof', 100]])));
  test('may be all that is verified', () => expect(check(entry('roof', 60, 60), entry('roof', 60, 40))).toBeUndefined());
  test('above what is verified breaks law 1', () =>
    expect(check(entry('roof', 60, 60), entry('roof', 60, 41))).toMatchObject({ law: 1, day: 3 }));
  test('of a site nobody verified breaks law 1', () => expect(check(entry('barn', 9, 1))).toMatchObject({ law: 1 }));
  test('above what is metered breaks law 2', () => expect(check(entry('roof', 39, 40))).toMatchObject({ law: 2 }));
});

describe('a job’s reward', () => {
  const job = { job: 'a', take: 1_000n, reward: 900n, paid: 20_000n, owed: 19_900n };
  test.each([
    { name: 'may be nine tenths of its take', money: job, law: undefined },
    { name: 'of one unit more breaks law 5', money: { ...job, reward: 901n }, law: 5 },
    { name: 'without a take breaks law 5', money: { ...job, take: 0n, reward: 1n }, law: 5 },
    { name: 'that gives back more than was paid breaks law 5', money: { ...job, owed: 20_001n }, law: 5 },
  ])('$name', ({ money, law }) => expect(breachOf(() => checkWashProof(9, money))?.law).toBe(law));
  test('says the facts', () =>
    expect(breachOf(() => checkWashProof(9, { ...job, reward: 901n }))?.text).toBe(
      'law 5 broke on day 9: a reward above its part of the take (job a, reward 901, take 1000)',
    ));
});

describe('sums while a period is open', () => {
  const sums = { promised: 10n, rewards: 50n, certifiedWh: 1n, takenIn: 10n };
  test('may be just backed and just taken in', () => expect(breachOf(() => checkAccrued(1, sums))).toBeUndefined());
  test('with rewards that nothing backs break law 4', () =>
    expect(breachOf(() => checkAccrued(1, { ...sums, rewards: 51n }))?.law).toBe(4));
  test('with more promised than taken in break law 6', () =>
    expect(breachOf(() => checkAccrued(1, { ...sums, promised: 11n }))?.law).toBe(6));
});

describe('money after a period', () => {
  const entitlements = [
    { account: '0xa', cumulative: 70n },
    { account: '0xb', cumulative: 30n },
  ];
  const settlement = { entitlements, cumulativeTotal: 100n, cumulativeRewards: 5n, cumulativeCertifiedWh: 10n } as unknown as Settlement;
  const vault: ChainStatus = { period: 1, funded: 100n, promised: 100n, paid: 60n, balance: 40n };
  const good: MoneyState = { settlement, vault, takenIn: 110n, paidTo: new Map([['0xa', 60n]]) };
  const changed = (change: Partial<Settlement>): MoneyState => ({ ...good, settlement: { ...settlement, ...change } });

  test.each([
    { name: 'holds', state: good, law: undefined },
    { name: 'breaks law 4 when rewards are not backed', state: changed({ cumulativeRewards: 501n }), law: 4 },
    { name: 'breaks law 6 when the total is not the sum', state: changed({ cumulativeTotal: 99n }), law: 6 },
    { name: 'breaks law 6 when less is funded than promised', state: { ...good, vault: { ...vault, funded: 99n, balance: 39n } }, law: 6 },
    {
      name: 'breaks law 6 when credits are minted against no fee',
      state: { ...good, vault: { ...vault, funded: 111n, balance: 51n } },
      law: 6,
    },
    { name: 'breaks law 6 when the balance is short', state: { ...good, vault: { ...vault, balance: 39n } }, law: 6 },
    { name: 'breaks law 6 when payments do not sum', state: { ...good, paidTo: new Map([['0xa', 59n]]) }, law: 6 },
    { name: 'breaks law 7 when an account is paid beyond what it is owed', state: { ...good, paidTo: new Map([['0xb', 60n]]) }, law: 7 },
  ])('$name', ({ state, law }) => expect(breachOf(() => checkMoney(7, undefined, state))?.law).toBe(law));

  test('breaks law 7 when an entitlement fell, or is gone', () => {
    const later = (...left: typeof entitlements) => ({ ...good, settlement: { ...settlement, entitlements: left } });
    const fallen = later({ account: '0xa', cumulative: 69n }, { account: '0xb', cumulative: 31n });
    expect(breachOf(() => checkMoney(14, good, fallen))).toMatchObject({ law: 7, day: 14 });
    expect(breachOf(() => checkMoney(14, good, later({ account: '0xa', cumulative: 100n })))?.law).toBe(7);
  });

  test('breaks law 7 when a claim fell', () => {
    const later = {
      ...good,
      paidTo: new Map([
        ['0xa', 30n],
        ['0xb', 30n],
      ]),
    };
    expect(breachOf(() => checkMoney(14, good, later))?.text).toMatch(/law 7 .* a claim that fell/);
  });
});
