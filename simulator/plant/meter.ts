/**
 * Meter: the site's own witness. Reads the plant for an interval, signs, and tells the oracle until it has a receipt.
 *
 * Owns which streams a site meters: panels and own load always, the battery where there is one, the grid connection where
 * the accelerators behind it are known. Numbering, spooling and resending are the sender's; the truth is the plant's.
 * Powers are told in whole watts that balance, and registers count just those watts, so what is told never contradicts itself.
 */
import type { SigningKey, Site } from '../../energy-oracle/site.ts';
import { encodeReading, readingTopic, type Stream } from '../../energy-oracle/telemetry/reading.ts';
import type { Draft, Sender } from '../../energy-oracle/telemetry/sender.ts';
import { type Kilowatts, kilowatts } from '../../units/quantity.ts';
import { HOUR, type Interval } from '../../units/time.ts';
import type { BatteryHistory } from './battery.ts';
import { powerBalance } from './power-balance.ts';

export interface Plant {
  /** What the panels could make: average power over the interval, kW ≥ 0. */
  pvKw(interval: Interval): Kilowatts;
  loadKw(interval: Interval): Kilowatts;
  readonly battery?: BatteryHistory | undefined;
  /** Draw of the accelerators, PUE and all, kW ≥ 0. Given, the grid connection is metered, and panels tell what they made. */
  readonly acceleratorsKw?: ((interval: Interval) => Kilowatts) | undefined;
}

/** What a broken sensor makes of a true value (W, Wh or %), and of the interval it is of; the meter believes and signs it. */
export interface Sensor {
  value(stream: Stream, truth: number, interval: Interval): number;
  /** The interval by the meter's own clock. */
  clocked(interval: Interval): Interval;
}

export interface Meter {
  open(): Promise<void>;
  /** Tells of one interval; resolves when the oracle's receipts for it have come. Told before, it tells nothing. */
  tell(interval: Interval): Promise<void>;
  close(): Promise<void>;
}

export function createMeter({
  site,
  key,
  plant,
  sender,
  sensor,
}: {
  readonly site: Site;
  readonly key: SigningKey;
  readonly plant: Plant;
  readonly sender: Sender;
  /** Without it the meter is right. */
  readonly sensor?: Sensor | undefined;
}): Meter {
  const registers = createRegisters();
  const draft = (stream: Stream, truth: number, interval: Interval): Draft => {
    const metered = sensor ? sensor.clocked(interval) : interval;
    const value = sensor ? sensor.value(stream, truth, interval) : truth;
    return {
      stream,
      topic: readingTopic(site.provider, site.id, stream),
      end: interval.end,
      encode: (seq: number) =>
        encodeReading({ provider: site.provider, site: site.id, stream, metered, value, seq, quality: 'measured' }, key),
    };
  };
  const wattsOf = (power: Kilowatts): number => Math.round(power * 1_000);

  function drafts(interval: Interval): Draft[] {
    const { battery, acceleratorsKw } = plant;
    const availableW = wattsOf(plant.pvKw(interval));
    const loadW = wattsOf(plant.loadKw(interval));
    const batteryW = battery ? wattsOf(battery.powerKw(interval)) : 0;
    const told: Draft[] = [];
    if (acceleratorsKw) {
      const demand = { availableW, loadW, batteryW, acceleratorsW: wattsOf(acceleratorsKw(interval)) };
      const { pvW, gridW } = wholeWatts(demand, site);
      registers.count(gridW, interval);
      told.push(draft('pv_power', pvW, interval), draft('load_power', loadW, interval), draft('grid_power', gridW, interval));
      told.push(draft('energy_import', registers.importWh(), interval), draft('energy_export', registers.exportWh(), interval));
    } else told.push(draft('pv_power', availableW, interval), draft('load_power', loadW, interval));
    if (battery) {
      told.push(draft('battery_power', batteryW, interval));
      told.push(draft('battery_soc', Math.round(battery.socPercent(interval.end) * 100) / 100, interval));
    }
    return told;
  }

  return {
    open: () => sender.open(),
    tell: (interval) => sender.send(drafts(interval)),
    close: () => sender.close(),
  };
}

interface WattDemand {
  readonly availableW: number;
  readonly loadW: number;
  readonly batteryW: number;
  readonly acceleratorsW: number;
}

/** The balance in whole watts, + import. */
function wholeWatts({ availableW, loadW, batteryW, acceleratorsW }: WattDemand, site: Site) {
  const demand = {
    availableKw: kilowatts(availableW / 1_000),
    ownLoadKw: kilowatts(loadW / 1_000),
    acceleratorsKw: kilowatts(acceleratorsW / 1_000),
    batteryKw: kilowatts(batteryW / 1_000),
  };
  const { curtailedKw } = powerBalance(demand, site);
  const pvW = availableW - Math.round(curtailedKw * 1_000);
  return { pvW, gridW: loadW + acceleratorsW - pvW - batteryW };
}

/** Registers of import and export in whole Wh, from 0 on when the meter was made; monotone. */
function createRegisters() {
  const wattMs = { import: 0, export: 0 };
  return {
    count: (gridW: number, { start, end }: Interval) => {
      wattMs[gridW > 0 ? 'import' : 'export'] += Math.abs(gridW) * (end - start);
    },
    importWh: () => Math.floor(wattMs.import / HOUR),
    exportWh: () => Math.floor(wattMs.export / HOUR),
  };
}
