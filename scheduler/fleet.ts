/**
 * Fleet: the sites as the scheduler sees them, and whether their agents answer.
 *
 * Knows accelerators and draws; knows no meter and no sun. A site whose agent is silent has no capacity.
 */
import type { Site, SiteOffer } from '../energy-oracle/site.ts';
import { type Kilowatts, kilowatts } from '../units/quantity.ts';
import type { Instant } from '../units/time.ts';
import { type JobSpec, speedOf } from './job.ts';

export interface FleetSite {
  readonly site: Site;
  /** When its agent was last heard; `undefined` means never. */
  readonly heardAt: Instant | undefined;
}

/** What a site offers that does not say. */
export const firmOffer: SiteOffer = { askPerAcceleratorHour: 0, noticeMs: 0, firmness: 'firm' };

/** An accelerator model of a site that would run a job. */
export interface FittingModel {
  readonly model: string;
  /** Accelerators the job holds there, ≥ 1; of an elastic job the fewest. */
  readonly needed: number;
  /** How much faster than `maxDuration` says, > 0. */
  readonly speed: number;
}

/** The accelerator models of the site that would run the job, least energy for its work first (`drawKw` / speed); ties by name. */
export function fittingModels(site: Site, spec: JobSpec): readonly FittingModel[] {
  const needed = spec.nodes * spec.acceleratorsPerNode;
  return site.accelerators
    .filter(({ model, count }) => count >= needed && (spec.accelerators.length === 0 || spec.accelerators.includes(model)))
    .map(({ model, drawKw: each }) => ({ model, needed, speed: speedOf(spec, model), each }))
    .sort((a, b) => a.each / a.speed - b.each / b.speed || (a.model < b.model ? -1 : 1))
    .map(({ model, speed }) => ({ model, needed, speed }));
}

/**
 * Draw that is planned for the job at this site's grid connection, kW ≥ 0: what it states × PUE, never above the nameplate.
 *
 * Nor below what its accelerators draw idle: a held accelerator is powered, so power that is stated counts only above `idleKw`.
 * Of an elastic job it is the draw of one accelerator.
 */
export function drawKw(site: Site, spec: JobSpec, model: string): Kilowatts {
  const most = nameplateKw(site, spec, model);
  const idle = site.idleKw * spec.nodes * spec.acceleratorsPerNode;
  return spec.power === undefined ? most : kilowatts(Math.min(most, Math.max(idle, spec.power) * site.pue));
}

/**
 * The most the job's accelerators can draw at this site's grid connection, kW; what an owner states changes nothing here.
 *
 * It is also what a site without a meter of its own per run is taken to draw: understating power saves nobody money.
 */
export function nameplateKw(site: Site, spec: JobSpec, model: string): Kilowatts {
  const each = site.accelerators.find((accelerator) => accelerator.model === model)?.drawKw ?? 0;
  return kilowatts(each * spec.nodes * spec.acceleratorsPerNode * site.pue);
}

/** True when the job's region rules admit the site: it is `within`, some `allow` glob matches its zone or id, and no `deny` does. */
export function regionAdmits(site: Site, { regions }: JobSpec): boolean {
  const matches = (glob: string) => globMatches(glob, site.zone) || globMatches(glob, site.id);
  const within = regions.within === undefined || matches(regions.within);
  return within && (regions.allow.length === 0 || regions.allow.some(matches)) && !regions.deny.some(matches);
}

/**
 * True when the terms on which the site lets its accelerators suit the job. A firm site takes every job; others only best-effort ones.
 *
 * A reclaimable site must leave time to save: a notice of at least one checkpoint interval, or of the whole run for a job that
 * cannot be interrupted (on the slowest model of the site it could get). An opportunistic site takes interruptible jobs only.
 */
export function firmnessAdmits(site: Site, spec: JobSpec): boolean {
  const { firmness, noticeMs } = site.offer ?? firmOffer;
  if (firmness === 'firm') return true;
  if (spec.promise === 'firm') return false;
  if (firmness === 'opportunistic') return spec.interruptible;
  if (spec.interruptible) return spec.checkpoint !== undefined && spec.checkpoint.every <= noticeMs;
  return fittingModels(site, spec).every(({ speed }) => spec.maxDuration / speed <= noticeMs);
}

/** `*` stands for any part, case aside. Leftmost match of each piece, so that no glob of a stranger costs more than O(text × pieces). */
function globMatches(glob: string, text: string): boolean {
  const [head = '', ...pieces] = glob.toLowerCase().split('*');
  const tail = pieces.pop();
  const subject = text.toLowerCase();
  if (tail === undefined) return subject === head;
  if (!subject.startsWith(head)) return false;
  let at = head.length;
  for (const piece of pieces) {
    const found = subject.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return subject.length - tail.length >= at && subject.endsWith(tail);
}
