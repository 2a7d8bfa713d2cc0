/** What a planner once got wrong: runs that outlast the horizon, and windows that end with their deadline to the millisecond. */
import { describe, expect, test } from 'vitest';
import { cycle } from '../../scheduler/cycle.ts';
import { startDelayMsMax } from '../../scheduler/placement/feasible.ts';
import { DAY, HOUR, SECOND } from '../../units/time.ts';
import { jobOf, noon, outlookOf, siteOf, slotOutlook } from '../scheduler/nouns.ts';

const planAt = (now: number, job: ReturnType<typeof jobOf>) =>
  cycle(
    {
      fleet: [{ site: siteOf('rhine'), heardAt: now }],
      outlooks: new Map([['rhine', outlookOf('rhine', (slot) => slotOutlook(0, 200 - slot / 4, 400))]]), // dearest first: the last window is the best
      waiting: [job],
      running: [],
      computePricePerKwh: 0.3,
    },
    now,
  );

describe('a job', () => {
  test.each([90, 95, 96, 97, 120, 14 * 24])('of %d hours runs, however far its end lies behind the horizon', (hours) => {
    const plan = planAt(noon, jobOf('long', { maxDuration: hours * HOUR, deadline: noon + 15 * DAY }));
    expect(plan.deferrals).toEqual([]);
    const [placement] = plan.placements;
    expect(placement).toMatchObject({ job: 'long', site: 'rhine' });
    expect((placement?.end ?? 0) - (placement?.start ?? 0)).toBeGreaterThanOrEqual(hours * HOUR);
    expect(placement?.believed.energyKwh).toBeCloseTo(1.6 * hours);
    expect(placement?.believed.carbonG ?? 0).toBeGreaterThan(0.9 * 1.6 * hours * 400);
  });

  test('with a round deadline is still placed when the cycle comes some seconds after its planned start', () => {
    const job = jobOf('round', { maxDuration: 6 * HOUR, deadline: noon + 12 * HOUR });
    const planned = planAt(noon, job).placements[0]?.start ?? 0;
    expect(planned).toBeGreaterThan(noon); // it waits for the cheapest window
    for (const late of [1, 5 * SECOND, startDelayMsMax]) {
      const plan = planAt(planned + late, job);
      expect(plan.refusals).toEqual([]);
      expect(plan.placements).toMatchObject([{ job: 'round', start: planned + late }]);
    }
  });
});
