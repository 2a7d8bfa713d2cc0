/**
 * River scenario: a prepared study as the river's own input: enrolled sites, job files that arrive, and mishaps.
 *
 * The study's traces, plants and jobs are taken as they are, rounded to slots as they were, so that both depths do the
 * same work under the same sky. Keys and accounts are derived from the seed. Where a job would have run the river
 * decides itself, by its id, which holds the seed: the study's homes are not its.
 */
import type { Site } from '../energy-oracle/site.ts';
import { kilowatts, pricePerMegawattHour } from '../units/quantity.ts';
import { MINUTE, toIsoDuration } from '../units/time.ts';
import { type Arrival, demoSites, enrolled, type Scenario, type ScenarioSite, withBattery } from './scenario.ts';
import type { ScenarioFile, SiteFile } from './scenario-file.ts';
import { demoModel, type Prepared } from './study/prepare.ts';
import { type Study, slotStart } from './study/study.ts';

/** Jobs that may pause keep their work so often. */
const checkpointEvery = toIsoDuration(15 * MINUTE);
const owner = 'researcher';

/** Id of a study's job in the river. */
export const riverIdOf = ({ seed, workload }: Study, job: number): string => `${workload.id[job]}-seed${seed}`;

/** The river of a scenario with depth `river`, for the seed it was prepared with. */
export function riverScenarioOf({ sites, mishaps }: ScenarioFile, { study, traces, rates }: Prepared): Scenario {
  const { seed, start, workload } = study;
  const fleet = sites === 'demo' ? demoSites(seed).map(asStudied) : sites.map((site) => siteOf(site, seed));
  const models = [...new Set(fleet.flatMap(({ site }) => site.accelerators.map(({ model }) => model)))];
  return {
    seed,
    start,
    sites: fleet,
    traces,
    arrivals: Array.from({ length: workload.count }, (_, job) => arrivalOf(study, job, models)),
    rates,
    mishaps,
  };
}

/** A demo site with what a study has of it: one model of accelerator that draws nothing unless it is held. */
const asStudied = (place: ScenarioSite): ScenarioSite => ({
  ...place,
  site: { ...place.site, idleKw: kilowatts(0), accelerators: place.site.accelerators.filter(({ model }) => model === demoModel) },
});

function siteOf(file: SiteFile, seed: number): ScenarioSite {
  const [latitude, longitude] = file.place ?? [0, 0];
  const { model, count } = file.accelerators;
  const site: Omit<Site, 'provider' | 'meterKey' | 'payoutAccount'> = {
    id: file.id,
    name: file.id,
    zone: file.zone,
    latitude,
    longitude,
    accelerators: [{ model, count, drawKw: kilowatts(file.draw) }],
    idleKw: kilowatts(0),
    pue: file.pue,
    pv: file.pv.map(({ peak, tilt, azimuth }) => ({ peakKw: kilowatts(peak), tiltDeg: tilt, azimuthDeg: azimuth })),
    exportLimitKw: kilowatts(file.export_limit),
    feedInTariff: pricePerMegawattHour(file.feed_in_tariff),
    ...(file.ask > 0 && { offer: { askPerAcceleratorHour: file.ask, noticeMs: 0, firmness: 'firm' } }),
  };
  const { shape, mean } = file.load ?? { shape: 'home', mean: 0 };
  const place = enrolled(site, { shape, meanKw: kilowatts(mean) }, seed);
  return file.battery ? withBattery(place, file.battery) : place;
}

/** A job of the study as the file that its owner submits when the job is released; any site's model would do. */
function arrivalOf(study: Study, job: number, models: readonly string[]): Arrival {
  const { workload, terms, slotMs } = study;
  const [release, end, length] = [workload.release, workload.end, workload.length].map((column) => column[job] as number) as [
    number,
    number,
    number,
  ];
  const isInterruptible = workload.isInterruptible[job] === 1;
  const gigabytes = workload.gigabytes[job] as number;
  return {
    at: slotStart(study, release),
    id: riverIdOf(study, job),
    owner,
    file: {
      name: workload.id[job],
      resources: { accelerators: models.map((model) => `${model}:${workload.accelerators[job]}`).join('|') },
      max_duration: toIsoDuration(length * slotMs),
      policy: {
        optimize: { carbon_price_per_kg: terms.weights.carbonPricePerKg, wait_price_per_hour: terms.weights.waitPricePerHour },
        deadline: `+${((end - release) * slotMs) / 1_000}s`,
        interruptible: isInterruptible,
      },
      ...(gigabytes > 0 && { data: { size: `${Math.max(1e-6, gigabytes).toFixed(6)}GB` } }),
      ...(isInterruptible && { checkpoint: { every: checkpointEvery } }),
    },
  };
}
