/**
 * Depth: how much of the system a cell of a scenario runs, and what a scenario may say at each depth.
 *
 * A study holds decisions and energy; a river runs all of it, from meters to pay. What one of them cannot play is refused
 * with the field's path, never silently left out.
 */
import { type DurationMs, SLOT, toIsoDuration } from '../units/time.ts';
import type { WhatIf } from './grid/what-if.ts';
import { isHazard, type Mishaps } from './mishaps.ts';
import type { PlantBattery } from './plant/battery.ts';
import { riverPolicies } from './river.ts';
import { demoSites } from './scenario.ts';

export const depths = ['study', 'river'] as const;

/** What of a scenario the depth has a say in. */
interface Deep {
  readonly depth: (typeof depths)[number];
  readonly slot: DurationMs;
  readonly cycle: DurationMs;
  readonly sites: 'demo' | readonly { readonly id: string; readonly battery?: PlantBattery | undefined }[];
  readonly policies: readonly string[];
  readonly forecaster: string | { readonly noise: number };
  readonly mishaps?: Mishaps | undefined;
  readonly price_maker: boolean | readonly string[];
  readonly what_if: Readonly<Record<string, readonly WhatIf[]>>;
}

type Refuse = (path: string, found: string, allowed: string) => void;

/** A scenario with the defaults that differ by depth: the river plans every slot. */
export const withDepth = <Scenario extends Deep>(scenario: Scenario, written: unknown): Scenario =>
  scenario.depth === 'river' && (written as { readonly cycle?: unknown }).cycle === undefined ? { ...scenario, cycle: SLOT } : scenario;

/** Refuses what the depth of a scenario cannot play. */
export function judgeDepth(scenario: Deep, refuse: Refuse): void {
  if (scenario.depth === 'study') judgeStudy(scenario, refuse);
  else judgeRiver(scenario, refuse);
}

function judgeStudy({ sites, mishaps }: Deep, refuse: Refuse): void {
  const cure = 'nothing in a study, which has no plant to play it; say depth: river';
  if (mishaps) refuse('mishaps', 'mishaps', cure);
  if (sites !== 'demo') for (const [at, { battery }] of sites.entries()) if (battery) refuse(`sites.${at}.battery`, 'a battery', cure);
}

function judgeRiver({ slot, cycle, sites, policies, forecaster, mishaps, price_maker, what_if }: Deep, refuse: Refuse): void {
  const slotText = toIsoDuration(SLOT);
  if (slot !== SLOT) refuse('slot', toIsoDuration(slot), `${slotText} with depth: river, whose meters and leases keep that slot`);
  if (cycle !== SLOT) refuse('cycle', toIsoDuration(cycle), `${slotText} with depth: river, which plans every slot`);
  if (typeof forecaster !== 'string' || forecaster === 'perfect')
    refuse('forecaster', JSON.stringify(forecaster), 'persistence or trained with depth: river, where nobody is told the truth ahead');
  policies.forEach((name, at) => {
    if (!riverPolicies.some((known) => known === name))
      refuse(`policies.${at}`, JSON.stringify(name), `${riverPolicies.join(', ')} with depth: river; own ones run in studies`);
  });
  if (price_maker !== false && !(Array.isArray(price_maker) && price_maker.length === 0))
    refuse(
      'price_maker',
      JSON.stringify(price_maker),
      'false with depth: river, which runs a world once; a study is placed until it settles',
    );
  for (const [zone, changes] of Object.entries(what_if))
    if (changes.some(({ kind }) => kind === 'demand-response'))
      refuse(`what_if.${zone}`, 'demand_response', 'other changes with depth: river, whose sites hear no calls; a study obeys them');
  const there = sites === 'demo' ? demoSites(0).map(({ site }) => site.id) : sites.map(({ id }) => id);
  for (const { path, site } of mishaps ? sitesIn(mishaps) : [])
    if (!there.includes(site)) refuse(path, JSON.stringify(site), `one of sites: ${there.join(', ')}`);
}

/** Sites that mishaps name, each with the path of the field that does. */
const sitesIn = ({ outages, telemetry }: Mishaps): readonly { readonly path: string; readonly site: string }[] => [
  ...outages.flatMap((outage, at) => {
    const path = `mishaps.outages.${at}`;
    if (!isHazard(outage)) return [{ path: `${path}.site`, site: outage.site }];
    return (outage.sites ?? []).map((site, entry) => ({ path: `${path}.sites.${entry}`, site }));
  }),
  ...telemetry.map(({ site }, at) => ({ path: `mishaps.telemetry.${at}.site`, site })),
];
