/**
 * Fleet: the sites as the scheduler sees them, and whether their agents answer.
 *
 * Knows accelerators and draws; knows no meter and no sun. A site whose agent is silent has no capacity.
 */
import type { Site } from '../energy-oracle/site.ts';
import { type Kilowatts, kilowatts } from '../units/quantity.ts';
import type { Instant } from '../units/time.ts';
import type { JobSpec } from './job.ts';

export interface FleetSite {
  readonly site: Site;
  /** When its agent was last heard; `undefined` means never. */
  readonly heardAt: Instant | undefined;
}

/** The accelerator models of the site that would run the job, least draw first. */
export function fittingModels(site: Site, spec: JobSpec): readonly { readonly model: string; readonly needed: number }[] {
  const needed = spec.nodes * spec.acceleratorsPerNode;
  return site.accelerators
    .filter(({ model, count }) => count >= needed && (spec.accelerators.length === 0 || spec.accelerators.includes(model)))
    .sort((a, b) => a.drawKw - b.drawKw || (a.model < b.model ? -1 : 1))
    .map(({ model }) => ({ model, needed }));
}

/** Draw that is planned for the job at this site's grid connection, kW: what it states × PUE, never above the nameplate. */
export function drawKw(site: Site, spec: JobSpec, model: string): Kilowatts {
  const most = nameplateKw(site, spec, model);
  return spec.power === undefined ? most : kilowatts(Math.min(most, spec.power * site.pue));
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
