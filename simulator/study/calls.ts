/**
 * Calls: what calls on a zone's demand leave a study's sites to hold.
 *
 * A call binds every site of its zone, whoever plans: at most so large a share of its accelerators in every slot that meets
 * the call. Calls are published before the study, so that all see them coming. A site's own load obeys none of them.
 */
import { overlap } from '../../units/time.ts';
import type { DemandResponseCall } from '../grid/zone.ts';
import { type Study, slotStart } from './study.ts';

/**
 * Accelerators that may be held, site × slot of the study with its tail; `undefined` when nobody is called.
 *
 * @param calls  by site
 */
export function capacityUnder(
  study: Pick<Study, 'start' | 'slotMs' | 'slots' | 'tail' | 'sites'>,
  calls: readonly (readonly DemandResponseCall[])[],
): Int32Array | undefined {
  if (calls.every((each) => each.every(({ maxDrawShare }) => maxDrawShare === undefined))) return undefined;
  const width = study.slots + study.tail;
  const capacity = new Int32Array(study.sites.length * width);
  study.sites.forEach(({ accelerators }, site) => {
    const row = capacity.fill(accelerators, site * width, (site + 1) * width).subarray(site * width, (site + 1) * width);
    for (const { interval, maxDrawShare = 1 } of calls[site] ?? [])
      for (let slot = 0; slot < width; slot++) {
        const start = slotStart(study, slot);
        if (overlap({ start, end: start + study.slotMs }, interval) > 0)
          row[slot] = Math.min(row[slot] as number, Math.floor(maxDrawShare * accelerators + 1e-9));
      }
  });
  return capacity;
}
