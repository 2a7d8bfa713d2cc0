/**
 * Sampler: what devices said, as one value of a stream over a whole interval, or a gap.
 *
 * Power is a step function: a value holds until the next one, and no longer than its stream's staleness limit. The
 * interval's value is its time-weighted average, and only when every instant is known. Registers and states of charge are
 * told by their last stand. Several devices are summed only when all of them are known. Nothing is ever filled.
 */
import type { DurationMs, Instant, Interval } from '../../units/time.ts';
import type { Observation } from '../telemetry/dialects/translator.ts';
import type { Stream } from '../telemetry/reading.ts';

export interface StreamPlan {
  readonly stream: Stream;
  /** `<dialect>/<device>` of each device whose values are summed, at least one. */
  readonly devices: readonly string[];
  /** A value older than this is not known any more. */
  readonly staleMs: DurationMs;
}

export interface Sample {
  readonly stream: Stream;
  /** In the stream's base unit, rounded to thousandths; `undefined` is a gap. */
  readonly value: number | undefined;
  /** Devices that were not known over the interval, when it is a gap. */
  readonly missing: readonly string[];
}

export interface Sampler {
  /** False when the plan has no use for it: another device, or earlier than what the device said before. */
  observe(observation: Observation): boolean;
  /** The value of every stream over an interval; ask for intervals in order, each once, after their end. */
  close(interval: Interval): readonly Sample[];
  /** The clock was set: what was said keeps its age, and the interval under way is a gap. */
  shift(jumpMs: DurationMs): void;
}

interface Track {
  readonly staleMs: DurationMs;
  last: { readonly at: Instant; readonly value: number } | undefined;
  /** Known parts of power after the last closed interval, oldest first. */
  parts: { readonly start: Instant; readonly end: Instant; readonly value: number }[];
}

/** Parts kept of one device: a minute at 100 a second. */
const partsMax = 6_000;

const isStand = (stream: Stream) => stream === 'battery_soc' || stream === 'energy_import' || stream === 'energy_export';
const thousandths = (value: number) => Math.round(value * 1_000) / 1_000 + 0; // + 0: no −0
const trackKey = (stream: Stream, device: string) => `${stream} ${device}`;

export function createSampler(plans: readonly StreamPlan[]): Sampler {
  const tracks = new Map<string, Track>();
  for (const { stream, devices, staleMs } of plans)
    for (const device of devices) tracks.set(trackKey(stream, device), { staleMs, last: undefined, parts: [] });

  const knownIn = (track: Track, { start, end }: Interval): number | undefined => {
    const { last, staleMs } = track;
    const running = last ? [{ start: last.at, end: Math.min(last.at + staleMs, end), value: last.value }] : [];
    let [covered, sum] = [0, 0];
    for (const part of [...track.parts, ...running]) {
      const length = Math.min(part.end, end) - Math.max(part.start, start);
      if (length <= 0) continue;
      covered += length;
      sum += part.value * length;
    }
    return covered === end - start ? sum / covered : undefined;
  };
  const standAt = ({ last, parts, staleMs }: Track, end: Instant): number | undefined => {
    const stand = last && last.at <= end ? { start: last.at, value: last.value } : parts.findLast(({ start }) => start <= end);
    return stand && stand.start + staleMs >= end ? stand.value : undefined;
  };
  return {
    observe: ({ stream, device, value, at }) => {
      const track = tracks.get(trackKey(stream, device));
      if (!track || !Number.isFinite(value) || (track.last && at < track.last.at)) return false;
      const { last, parts, staleMs } = track;
      if (last && at > last.at && parts.length < partsMax)
        parts.push({ start: last.at, end: Math.min(at, last.at + staleMs), value: last.value });
      track.last = { at, value };
      return true;
    },
    close: (interval) =>
      plans.map(({ stream, devices }) => {
        let sum = 0;
        const missing: string[] = [];
        for (const device of devices) {
          const track = tracks.get(trackKey(stream, device)) as Track;
          const value = isStand(stream) ? standAt(track, interval.end) : knownIn(track, interval);
          if (value === undefined) missing.push(device);
          else sum += value;
          track.parts = track.parts.filter(({ end }) => end > interval.end);
        }
        return { stream, value: missing.length === 0 ? thousandths(sum) : undefined, missing };
      }),
    shift: (jumpMs) => {
      for (const track of tracks.values()) {
        track.parts = [];
        if (track.last) track.last = { at: track.last.at + jumpMs, value: track.last.value };
      }
    },
  };
}
