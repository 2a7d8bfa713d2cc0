/**
 * River run: the whole river as a run of a study, so that whoever reads, writes or compares runs takes it unchanged.
 *
 * Energy, carbon and energy money are the books' (`river-record.ts`), laid on the study's slots; what the books do not hold
 * (asks, transfer, restarts, making) is added as a study adds it, at the scenario's terms. A job that did not come to its
 * end counts as unplaced, and what it drew is counted all the same. A job's site is the one it ended at.
 */
import { DAY, HOUR, type Instant } from '../units/time.ts';
import { type RiverOptions, riverPolicies, runRiver } from './river.ts';
import type { JobRecord, RiverRecord } from './river-record.ts';
import { riverIdOf, riverScenarioOf } from './river-scenario.ts';
import type { ScenarioFile } from './scenario-file.ts';
import { type Accounts, type JobAccounts, nothingUsed, type SlotAccounts } from './study/account.ts';
import { metricsOf } from './study/metrics.ts';
import type { Prepared } from './study/prepare.ts';
import type { StudyRun } from './study/run.ts';
import { endOf, type Study } from './study/study.ts';

/** Behind the last deadline: what was metered is booked, settled and paid. */
const settledWithinMs = DAY;

export interface RiverRun {
  readonly run: StudyRun;
  /** The study that was prepared, with the homes that the river gave its jobs. */
  readonly study: Study;
  readonly record: RiverRecord;
}

export interface RiverRunOptions extends Pick<RiverOptions, 'learning' | 'stopped'> {
  /** Told every virtual hour: share of the arrivals' time that is over, 0 to 1. */
  readonly progress?: ((share: number) => void) | undefined;
}

/**
 * Runs a prepared scenario as a river under a policy of that name; `undefined` when it was stopped before its end.
 *
 * @throws RangeError for a name that no river knows
 */
export async function runAsRiver(
  scenario: ScenarioFile,
  prepared: Prepared,
  policy: string,
  { learning, stopped = () => false, progress }: RiverRunOptions = {},
): Promise<RiverRun | undefined> {
  const { study } = prepared;
  const known = riverPolicies.find((name) => name === policy);
  if (known === undefined) throw new RangeError(`policy must be one of ${riverPolicies.join(', ')}, found ${policy}`);
  let isCut = false;
  const record = await runRiver(riverScenarioOf(scenario, prepared), {
    days: (study.slots * study.slotMs) / DAY,
    tailDaysMax: (study.tail * study.slotMs + settledWithinMs) / DAY,
    policy: known,
    ...(learning && { learning }),
    progress: ({ at, arrivalsUntil }) => progress?.(Math.min(1, (at - study.start) / (arrivalsUntil - study.start))),
    stopped: () => {
      isCut = stopped();
      return isCut;
    },
  });
  return isCut ? undefined : { ...studyRunOf(study, record, learning ? 'trained' : 'persistence'), record };
}

/** A record on the grid of the study whose jobs it ran. O(sites × slots + slots held). */
export function studyRunOf(study: Study, record: RiverRecord, forecaster: string): Omit<RiverRun, 'record'> {
  const byId = new Map(record.jobs.map((job) => [job.id, job]));
  const records = study.workload.id.map((_, job) => byId.get(riverIdOf(study, job)));
  const siteIndex = new Map(study.sites.map(({ id }, at) => [id, at]));
  const home = study.workload.home.map((drawn, job) => siteIndex.get(records[job]?.homeSite ?? '') ?? drawn);
  const own: Study = { ...study, workload: { ...study.workload, home } };
  const placed = placesOf(own, records, siteIndex, record.end);
  const accounts: Accounts = { slots: slotAccounts(own, record, placed, siteIndex), jobs: jobAccounts(own, records, placed) };
  const { runs } = placed;
  const metrics = metricsOf(own, runs, accounts);
  return { run: { policy: record.policy, forecaster, seed: study.seed, runs, accounts, metrics }, study: own };
}

/** Where and when jobs ran, on the study's slots. */
interface Places {
  readonly runs: StudyRun['runs'];
  /** Accelerators held, and runs that start, site × slot. */
  readonly held: Int32Array;
  readonly starts: Int32Array;
  /** Accelerator-hours × what their site asks for one, and the hours alone, by job. */
  readonly asked: Float64Array;
  readonly heldHours: Float64Array;
}

/** @param end  until when what still runs is told */
function placesOf(study: Study, records: readonly (JobRecord | undefined)[], siteIndex: ReadonlyMap<string, number>, end: Instant): Places {
  const { sites, slotMs, workload } = study;
  const width = study.slots + study.tail;
  const slotAt = (at: Instant) => Math.floor((at - study.start) / slotMs);
  const [site, start] = [new Int32Array(workload.count).fill(-1), new Int32Array(workload.count)];
  const pattern = new Map<number, Uint16Array>();
  const [held, starts] = [new Int32Array(sites.length * width), new Int32Array(sites.length * width)];
  const [asked, heldHours] = [new Float64Array(workload.count), new Float64Array(workload.count)];
  records.forEach((record, job) => {
    const spans = (record?.runs ?? []).flatMap((run) => {
      const from = slotAt(run.start);
      const until = Math.max(from + 1, Math.ceil(((run.end ?? end) - study.start) / slotMs));
      return run.end === run.start ? [] : [{ ...run, from, until, at: siteIndex.get(run.site) as number }];
    });
    const [first, last] = [spans[0], spans.at(-1)];
    if (!record || !first || !last) return;
    const shape = new Uint16Array(last.until - first.from);
    for (const { at, from, until, accelerators } of spans) {
      const cell = at * width + from;
      starts[cell] = (starts[cell] as number) + 1;
      for (let slot = from; slot < until; slot++) {
        const before = shape[slot - first.from] as number;
        shape[slot - first.from] = Math.max(before, accelerators); // a run and the next may share a slot
        held[at * width + slot] = (held[at * width + slot] as number) + accelerators;
      }
      const hours = ((until - from) * accelerators * slotMs) / HOUR;
      heldHours[job] = (heldHours[job] as number) + hours;
      asked[job] = (asked[job] as number) + hours * (sites[at] as Study['sites'][number]).askPerAcceleratorHour;
    }
    if (record.state !== 'SUCCEEDED') return;
    site[job] = last.at;
    start[job] = first.from;
    pattern.set(job, shape);
  });
  return { runs: { site, start, pattern }, held, starts, asked, heldHours };
}

function slotAccounts(
  study: Study,
  { slots: records }: RiverRecord,
  { held, starts }: Places,
  siteIndex: ReadonlyMap<string, number>,
): SlotAccounts {
  const width = study.slots + study.tail;
  const hours = study.slotMs / HOUR;
  const column = () => new Float64Array(study.sites.length * width);
  const [curtailedKw, exportableKw, gridKw, curtailableKw] = [column(), column(), column(), column()];
  for (const { site, start, drawKwh, curtailedKwh } of records) {
    const slot = (start - study.start) / study.slotMs;
    if (slot >= width) continue; // what is settled behind the last deadline draws nothing
    const cell = (siteIndex.get(site) as number) * width + slot;
    curtailedKw[cell] = drawKwh.curtailed / hours;
    exportableKw[cell] = drawKwh.exportable / hours;
    gridKw[cell] = drawKwh.grid / hours;
    curtailableKw[cell] = (curtailedKwh ?? 0) / hours;
  }
  return { held, starts, curtailedKw, exportableKw, gridKw, curtailableKw };
}

function jobAccounts(study: Study, records: readonly (JobRecord | undefined)[], { runs, asked, heldHours }: Places): JobAccounts {
  const { workload, terms } = study;
  const jobs = nothingUsed(workload.count);
  records.forEach((record, job) => {
    if (!record) return;
    const isPlaced = (runs.site[job] as number) >= 0;
    const moved = isPlaced && runs.site[job] !== workload.home[job] ? (workload.gigabytes[job] as number) : 0;
    const stops = Math.max(0, record.runs.length - 1);
    const transferG = moved * terms.transferGPerGb;
    const { kWh, gCO2eq, energyCost } = record.actual ?? nothingBooked;
    jobs.curtailedKwh[job] = record.curtailedKwh;
    jobs.exportableKwh[job] = kWh.surplus - record.curtailedKwh;
    jobs.gridKwh[job] = kWh.grid;
    jobs.money[job] =
      energyCost +
      (asked[job] as number) +
      moved * terms.transferPricePerGb +
      stops * (workload.accelerators[job] as number) * terms.restartCost;
    jobs.locationG[job] = gCO2eq.location + transferG;
    jobs.marginalG[job] = (gCO2eq.marginal ?? Number.NaN) + transferG;
    jobs.matchedG[job] = gCO2eq.matched + transferG;
    jobs.embodiedG[job] = (heldHours[job] as number) * terms.embodiedGPerAcceleratorHour;
    jobs.stops[job] = stops;
    const shape = runs.pattern.get(job);
    if (!shape) return;
    let [ran, places] = [0, 0];
    shape.forEach((own, at) => {
      if (own === 0) return;
      ran++;
      places += (runs.start[job] as number) + at;
    });
    const release = workload.release[job] as number;
    jobs.waitSlots[job] = endOf(workload, runs, job) - release - ran;
    jobs.lateSlots[job] = places / ran - release - (ran - 1) / 2;
  });
  return jobs;
}

const nothingBooked = { kWh: { surplus: 0, grid: 0 }, gCO2eq: { location: 0, marginal: 0, matched: 0 }, energyCost: 0 };
