/**
 * Small nouns for the scheduler's tests: a site, a job, a run, an outlook, the facts of a slot, each with one change said.
 *
 * Everything happens around `noon`, the start of a slot. Nothing here is random.
 */
import type { Outlook, OutlookSlot, SlotFacts } from '../../energy-oracle/outlook.ts';
import type { Site } from '../../energy-oracle/site.ts';
import type { Run } from '../../scheduler/dispatch/lease.ts';
import type { Job, JobSpec } from '../../scheduler/job.ts';
import type { Tariff } from '../../scheduler/ledger/charge.ts';
import { DAY, HOUR, type Instant, SLOT, toIso } from '../../units/time.ts';

export const noon: Instant = Date.UTC(2026, 5, 21, 12);

export const siteOf = (id: string, changes: Partial<Site> = {}): Site => ({
  id,
  name: id,
  provider: `${id}-energy`,
  zone: 'DE-LU',
  latitude: 50,
  longitude: 8,
  accelerators: [{ model: 'A100', count: 8, drawKw: 0.4 }],
  idleKw: 0.03,
  pue: 1,
  pv: [{ peakKw: 20, tiltDeg: 30, azimuthDeg: 180 }],
  exportLimitKw: 5,
  feedInTariff: 60,
  meterKey: '00'.repeat(32),
  payoutAccount: `0x${[...Buffer.from(id)]
    .map((byte) => byte.toString(16))
    .join('')
    .padStart(40, '0')}`,
  ...changes,
});

export const specOf = (changes: Partial<JobSpec> = {}): JobSpec => ({
  name: 'train',
  owner: 'ada',
  nodes: 1,
  accelerators: ['A100'],
  acceleratorsPerNode: 4,
  envs: {},
  run: 'true',
  speeds: {},
  maxDuration: HOUR,
  elastic: undefined,
  data: undefined,
  power: undefined,
  optimize: 'cost',
  weights: { carbonPricePerKg: 0, waitPricePerHour: 0.0005 },
  notBefore: noon,
  deadline: noon + DAY,
  interruptible: true,
  latency: undefined,
  promise: 'best-effort',
  maxPrice: undefined,
  regions: { within: undefined, allow: [], deny: [] },
  checkpoint: { every: SLOT, restoreCost: 120_000 },
  ...changes,
});

export const jobOf = (id: string, spec: Partial<JobSpec> = {}, changes: Partial<Job> = {}): Job => ({
  id,
  spec: specOf(spec),
  submittedAt: noon,
  homeSite: 'rhine',
  state: 'QUEUED',
  reason: 'stored',
  version: 1,
  placement: undefined,
  fence: 0,
  progress: 0,
  failures: 0,
  startedAt: undefined,
  endedAt: undefined,
  closedAt: undefined,
  ...changes,
});

export const runOf = (job: string, fence: number, changes: Partial<Run> = {}): Run => ({
  id: `${job}#${fence}`,
  job,
  fence,
  site: 'rhine',
  model: 'A100',
  accelerators: 4,
  drawKw: 1.6,
  ceilingKw: 1.6,
  state: 'running',
  leasedAt: noon,
  until: noon + HOUR,
  plannedEnd: noon + HOUR,
  endedAt: undefined,
  reason: 'leased',
  ...changes,
});

/** A believed slot from plain numbers: all quantiles alike. */
export const slotOutlook = (surplusKw: number | undefined, price: number | undefined, intensity: number | undefined): OutlookSlot => {
  const sure = (value: number | undefined) => (value === undefined ? undefined : { p10: value, p50: value, p90: value });
  return { surplusKw: sure(surplusKw), importPrice: sure(price), carbonIntensity: sure(intensity), marginalIntensity: undefined };
};

/** An outlook of 96 h whose n-th slot is `at(n)`. */
export const outlookOf = (site: string, at: (slot: number) => OutlookSlot, issuedAt: Instant = noon, slots = 384): Outlook => ({
  id: `${site}@${toIso(issuedAt)}`,
  site,
  issuedAt,
  model: 'told-1',
  start: Math.floor(issuedAt / SLOT) * SLOT,
  stepMs: SLOT,
  slots: Array.from({ length: slots }, (_, slot) => at(slot)),
});

export const factsOf = (site: string, slot: Instant, changes: Partial<SlotFacts> = {}): SlotFacts => ({
  site,
  slot,
  surplusWh: 0,
  curtailedWh: 0,
  importPrice: 100,
  carbonIntensity: 400,
  marginalIntensity: undefined,
  ...changes,
});

export const tariff: Tariff = { computeMicrosPerKwh: 300_000n, takePerMille: 50n };
