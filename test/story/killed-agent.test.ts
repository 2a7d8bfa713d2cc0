/**
 * A site's machine dies, or its line does, while a job runs there: the job runs on elsewhere, once, and is paid once.
 *
 * The engines' own witness says what was alive when; the books only say what was believed.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { verifyChain } from '../../scheduler/ledger/verify.ts';
import { inTokens } from '../../scheduler/settlement/settle.ts';
import { randomStream } from '../../simulator/kernel/random.ts';
import type { Arrival } from '../../simulator/scenario.ts';
import { DAY, HOUR, type Instant, MINUTE, SLOT } from '../../units/time.ts';
import { createMemoryWorld, entriesOf, type MemoryWorld, overlapsOf, storyStart } from '../fixtures/world.ts';

/** Three hours of work that start at once: long enough to be killed in the middle. */
const job = (policy: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Arrival => ({
  at: storyStart + HOUR,
  id: 'long',
  owner: 'ada',
  file: {
    name: 'long',
    resources: { accelerators: 'A100:4' },
    max_duration: '3h',
    policy: { optimize: { carbon_price_per_kg: 0, wait_price_per_hour: 10 }, deadline: '+30h', ...policy },
    ...more,
  },
});
const end = storyStart + DAY + 12 * HOUR;
const killedAt = storyStart + 2 * HOUR + 35 * MINUTE;
/** Long after the lease of a killed agent is over, and the job runs again. */
const backAt = killedAt + 4 * HOUR;

describe('an agent that is killed while its job runs', () => {
  let world: MemoryWorld;
  afterEach(() => world.close());
  const siteOf = async (at: Instant): Promise<string> => {
    await world.run(at);
    const alive = world.ran().filter(({ end: ended }) => ended === undefined);
    expect(alive).toHaveLength(1);
    return alive[0]?.site ?? '';
  };

  test('loses the job when its lease is over, and not before; another run under a higher fence ends it', async () => {
    world = await createMemoryWorld({ arrivals: [job()] });
    const site = await siteOf(killedAt);
    const lease = await world.jobs.run('long#1');
    world.killAgent(site);
    await world.run((lease?.until ?? 0) - 1);
    expect(await world.jobs.activeRuns()).toEqual([lease]);
    await world.run(end);
    const runs = await world.jobs.runsOf('long');
    const done = await world.jobs.get('long');
    expect(done).toMatchObject({ state: 'SUCCEEDED', progress: 3 * HOUR, fence: runs.length });
    expect(runs.map(({ fence }) => fence)).toEqual(runs.map((_, index) => index + 1));
    expect(runs.map(({ state }) => state)).toEqual([...runs.slice(1).map(() => 'lost'), 'succeeded']);
    expect(overlapsOf(world.ran(), end)).toEqual([]);
    const second = world.ran().find(({ run }) => run !== 'long#1');
    expect(second?.start).toBeGreaterThanOrEqual(lease?.until ?? Number.POSITIVE_INFINITY);
  });

  test('is not offered the job again while it is silent, even where it would be cheapest', async () => {
    const siteIds = ['eu-rhine', 'uk-thames'];
    world = await createMemoryWorld({ siteIds, arrivals: [job()] });
    const dead = await siteOf(killedAt);
    world.killAgent(dead);
    await world.run(end);
    const runs = await world.jobs.runsOf('long');
    expect(runs.map(({ site }) => site)).toEqual([dead, siteIds.find((site) => site !== dead)]);
  });

  test('is paid for the run that ended, once, and for nothing of the run that was lost', async () => {
    world = await createMemoryWorld({ arrivals: [job()] });
    const lost = await siteOf(killedAt);
    world.killAgent(lost);
    await world.run(end);
    const entries = await entriesOf(world);
    expect(verifyChain(entries)).toMatchObject({ kind: 'intact' });
    const done = (await world.jobs.runsOf('long')).at(-1);
    const keys = entries.map(({ run, slot }) => `${run}@${slot}`);
    expect(new Set(keys).size).toBe(keys.length);
    const { takeAndReward, escrowed } = earned(entries.filter(({ run }) => run === done?.id));
    const { paid, promised } = await world.chain.status();
    expect(paid).toBe(promised);
    expect(paid).toBeGreaterThanOrEqual(escrowed);
    expect(paid).toBeLessThan(escrowed + takeAndReward);
    for (const { id, payoutAccount } of world.sites)
      expect((await world.chain.paidTo(payoutAccount)) > 0n, `${id} was paid ${inTokens(paid, 6)}`).toBe(id === done?.site);
  });

  test('comes back with its journal: its report books nothing twice, and the machine is given work again', async () => {
    world = await createMemoryWorld({ arrivals: [job(), { ...job(), id: 'later', at: backAt + HOUR }] });
    const site = await siteOf(killedAt);
    world.killAgent(site);
    await world.run(backAt);
    const before = (await world.jobs.runSlots({ start: storyStart, end })).filter(({ run }) => run === 'long#1');
    await world.bringBack(site);
    await world.run(end);
    const after = (await world.jobs.runSlots({ start: storyStart, end })).filter(({ run }) => run === 'long#1');
    expect(after).toEqual(before); // the run was over for the scheduler: what its agent says of it now is heard and not believed
    expect(world.events.some(({ text }) => text.includes('long#1 is over (lost)'))).toBe(true);
    expect((await world.jobs.list()).map(({ state }) => state)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(overlapsOf(world.ran(), end)).toEqual([]);
    const heard = (await world.jobs.heard()).get(site);
    expect(heard?.at).toBe(end);
    const { paid, promised } = await world.chain.status();
    expect(paid).toBe(promised);
    expect((await world.summary()).ledger.balanced).toBe(true);
  });

  test('comes back before its lease is over: says itself that the run is lost, and the job goes on at once', async () => {
    world = await createMemoryWorld({ arrivals: [job()] });
    const site = await siteOf(killedAt);
    world.killAgent(site);
    await world.run(killedAt + 5 * MINUTE);
    await world.bringBack(site);
    await world.run(end);
    const runs = await world.jobs.runsOf('long');
    expect(runs.map(({ state }) => state)).toEqual(['lost', 'succeeded']);
    expect(runs[1]?.leasedAt).toBeLessThanOrEqual(killedAt + 2 * SLOT);
    expect(overlapsOf(world.ran(), end)).toEqual([]);
  });

  test('an agent that is only cut off stops the job by itself before anybody else may start it', async () => {
    world = await createMemoryWorld({ arrivals: [job({ interruptible: true }, { checkpoint: { every: '15m' } })] });
    const site = await siteOf(killedAt);
    const until = (await world.jobs.run('long#1'))?.until ?? 0;
    world.cutOff(site);
    await world.run(backAt);
    const cut = world.ran().find(({ run }) => run === 'long#1');
    expect(cut?.end).toBeLessThanOrEqual(until);
    world.reconnect(site);
    await world.run(end);
    expect(await world.jobs.get('long')).toMatchObject({ state: 'SUCCEEDED' });
    expect(overlapsOf(world.ran(), end)).toEqual([]);
    const entries = await entriesOf(world);
    const keys = entries.map(({ run, slot }) => `${run}@${slot}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(verifyChain(entries)).toMatchObject({ kind: 'intact' });
  });
});

describe('a day of storms, in which agents are killed, cut off and brought back at random', () => {
  test.each([1, 2])('loses no job, runs none twice at once and pays each once: seed %i', async (seed) => {
    const world = await createMemoryWorld({ seed, crowd: 2 });
    const draw = randomStream(seed, 'storm');
    const down = new Map<string, 'killed' | 'cut off'>();
    const heal = async (site: string) => {
      if (down.get(site) === 'killed') await world.bringBack(site);
      else world.reconnect(site);
      down.delete(site);
    };
    const harm = (site: string, how: 'killed' | 'cut off') => {
      down.set(site, how);
      if (how === 'killed') world.killAgent(site);
      else world.cutOff(site);
    };
    for (let now = storyStart + 30 * MINUTE; now < storyStart + DAY; now += 25 * MINUTE) {
      await world.run(now);
      for (const { id } of world.sites) {
        if (down.has(id) && draw.uniform() < 0.4) await heal(id);
        else if (!down.has(id) && draw.uniform() < 0.12) harm(id, draw.pick(['killed', 'cut off'] as const));
      }
    }
    for (const id of [...down.keys()]) await heal(id);
    await world.run(storyStart + 2 * DAY + 12 * HOUR);
    const { jobs, ledger, settlement } = await world.summary();
    const keys = (await entriesOf(world)).map(({ run, slot }) => `${run}@${slot}`);
    expect(world.ran().length).toBeGreaterThan(jobs.submitted); // some were lost and ran again
    expect(jobs).toMatchObject({ submitted: world.scenario.arrivals.length, waiting: 0 });
    const rest = (await world.jobs.list()).filter(({ state }) => state !== 'SUCCEEDED').map(({ state, reason }) => `${state}: ${reason}`);
    expect(rest).toEqual(rest.map(() => expect.stringMatching(/^EXPIRED: .*deadline/))); // a storm may take the time that was left
    expect(rest.length).toBeLessThan(jobs.submitted / 10);
    expect(overlapsOf(world.ran(), world.clock.now())).toEqual([]);
    expect(new Set(keys).size).toBe(keys.length);
    expect(ledger.balanced).toBe(true);
    expect(settlement.claimed).toBe(settlement.promised);
    await world.close();
  });
});

/** What the entries put in the providers' escrow, and the protocol's part, which bounds the reward; micros. */
function earned(entries: Awaited<ReturnType<typeof entriesOf>>): { readonly escrowed: bigint; readonly takeAndReward: bigint } {
  const postings = entries.flatMap((entry) => entry.postings.map((posting) => ({ ...posting, provider: entry.provider })));
  const sum = (of: (account: string, provider: string) => boolean) =>
    postings.filter(({ account, provider }) => of(account, provider)).reduce((total, { amount }) => total + amount, 0n);
  return {
    escrowed: sum((account, provider) => account === `escrow:${provider}`),
    takeAndReward: sum((account) => account === 'escrow:protocol'),
  };
}
