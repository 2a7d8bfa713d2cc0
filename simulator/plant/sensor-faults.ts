/**
 * Sensor faults: what a drifting, stuck or lying meter makes of the truth before it signs it.
 *
 * Nothing of it can be told from the signature: the key is the meter's own. A pure function of time, so a restart in the
 * middle of a fault changes nothing.
 */
import { DAY, type Interval } from '../../units/time.ts';
import type { TelemetryFault } from '../mishaps.ts';
import type { Plant, Sensor } from './meter.ts';

/** The sensor of a site's meter under the faults that are its own; `undefined` when it has none. An interval is under a fault that it begins in. */
export function faultySensor(faults: readonly TelemetryFault[], plant: Plant): Sensor | undefined {
  const own = faults.filter(({ fault }) => fault === 'drift' || fault === 'scale' || fault === 'stuck');
  if (own.length === 0) return undefined;
  const during = ({ start }: Interval) => own.filter((fault) => start >= fault.start && start < fault.end);
  return {
    value: (stream, truth, interval) => during(interval).reduce((value, fault) => distorted(fault, stream, value, interval, plant), truth),
    clocked: (interval) => {
      const ahead = during(interval).reduce((sum, fault) => sum + (fault.fault === 'drift' ? fault.clockMs : 0), 0);
      return { start: interval.start + ahead, end: interval.end + ahead };
    },
  };
}

const isPower = (stream: string): boolean => stream.endsWith('_power');

function distorted(fault: TelemetryFault, stream: string, value: number, { start, end }: Interval, plant: Plant): number {
  switch (fault.fault) {
    case 'drift':
      return isPower(stream) ? Math.round(value * (1 + ((fault.gainPercentPerDay / 100) * (start - fault.start)) / DAY)) : value;
    case 'scale':
      return stream === fault.stream ? Math.round(value * fault.factor) : value;
    case 'stuck': {
      if (stream !== fault.stream) return value;
      const before = { start: fault.start - (end - start), end: fault.start };
      return Math.round((stream === 'pv_power' ? plant.pvKw(before) : plant.loadKw(before)) * 1_000);
    }
    case 'gap':
    case 'replay':
    case 'forgery':
      return value; // of the line, not of the sensor
    default:
      return fault satisfies never;
  }
}
