/**
 * Greenest window: an own policy. Each job runs where and when its energy emits least, data transfer counted.
 *
 * Run it with `sunward sim run examples/policies/greenest-window.yaml`.
 */
import type { OwnPolicy, OwnSite } from '../../simulator/study/own-policy.ts';

/** gCO2eq of a run at a site in these slots: what its own surplus does not cover comes from the grid. */
function emission(site: OwnSite, start: number, slots: number, slotHours: number): number {
  let grams = site.transferG;
  for (let slot = start; slot < start + slots; slot++) {
    const gridKw = Math.max(0, site.drawKw - (site.surplusKw[slot] ?? 0));
    grams += gridKw * slotHours * (site.carbonIntensity[slot] ?? 0);
  }
  return grams;
}

const place: OwnPolicy = (job, sites, now) => {
  let best: { site: string; start: number } | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const site of sites)
    for (let start = site.earliest; start + job.slots <= site.end; start++) {
      if (!site.hasRoom(start)) continue;
      const grams = emission(site, start, job.slots, now.slotHours);
      if (grams < least) {
        least = grams;
        best = { site: site.id, start };
      }
    }
  return best; // undefined when there is no room anywhere: the job is asked for again
};

export default place;

/** What is not yet to begin is only a plan: the job is asked for again next cycle, when more is known. */
export const replan = true;
