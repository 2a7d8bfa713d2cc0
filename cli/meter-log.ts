/**
 * Meter log: what a gateway says of itself, as one calm line each on standard error; with `--json` one object each.
 */
import type { GatewayEvent } from '../energy-oracle/gateway/gateway-event.ts';
import { type DurationMs, MINUTE, SECOND, toIso } from '../units/time.ts';

export type Level = 'info' | 'warn' | 'error';

export interface MeterLog {
  say(level: Level, part: string, text: string, facts?: Readonly<Record<string, unknown>>): void;
  /** The same text again within ten minutes is not said: what stays broken is broken once. */
  sayOnce(level: Level, part: string, text: string): void;
  event(event: GatewayEvent): void;
}

const quietMs: DurationMs = 10 * MINUTE;
const rememberedMax = 200;

const spanText = (ms: DurationMs): string => {
  const size = Math.abs(ms);
  if (size < 2 * MINUTE) return `${(size / SECOND).toFixed(1)} s`;
  return size < 120 * MINUTE ? `${Math.round(size / MINUTE)} min` : `${(size / (60 * MINUTE)).toFixed(1)} h`;
};

export function createMeterLog({ isJson, now, write }: { isJson: boolean; now: () => number; write: (line: string) => void }): MeterLog {
  const said = new Map<string, number>();
  const say: MeterLog['say'] = (level, part, text, facts = {}) => {
    const at = toIso(now());
    write(isJson ? JSON.stringify({ at, level, part, text, ...facts }) : `${at}  ${level.padEnd(5)}  ${part.padEnd(8)}  ${text}`);
  };
  return {
    say,
    sayOnce: (level, part, text) => {
      const key = `${part} ${text}`;
      if (now() - (said.get(key) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
      if (said.size >= rememberedMax) said.clear();
      said.set(key, now());
      say(level, part, text);
    },
    event: (event) => {
      const { level, part, text } = lineOf(event);
      say(level, part, text, { event });
    },
  };
}

/** What an event says to a person. */
function lineOf(event: GatewayEvent): { readonly level: Level; readonly part: string; readonly text: string } {
  const line = (level: Level, part: string, text: string) => ({ level, part, text });
  switch (event.kind) {
    case 'told': {
      const names = Object.entries(event.values).map(([stream, value]) => `${stream} ${value}`);
      return line('info', 'told', `${toIso(event.metered.end)}  ${names.join(', ')}; ${event.pending} without a receipt`);
    }
    case 'gap':
      return line(
        'warn',
        'gap',
        `${event.stream} is not known from ${toIso(event.metered.start)} on: ${event.missing.join(', ')} said nothing in time`,
      );
    case 'gap-over':
      return line('info', 'gap', `${event.stream} is known again from ${toIso(event.metered.start)} on`);
    case 'spool-refuses': {
      const what =
        event.reason === 'full'
          ? 'readings are dropped until there is room; what is spooled is kept'
          : 'readings are dropped until the disk works';
      return line('error', 'spool', `${event.why}; ${what}`);
    }
    case 'spool-takes': {
      const { start, end } = event.lost;
      return line(
        'warn',
        'spool',
        `readings are kept again; ${event.droppedReadings} from ${toIso(start)} to ${toIso(end)} were dropped and are a gap`,
      );
    }
    case 'clock-jumped':
      return line(
        'warn',
        'clock',
        `the clock was set ${event.jumpMs > 0 ? 'forward' : 'back'} by ${spanText(event.jumpMs)}; the interval under way is a gap`,
      );
    case 'clock-behind':
      return line(
        'warn',
        'clock',
        `the clock is ${spanText(event.behindMs)} behind what was told; nothing is told until ${toIso(event.until)}`,
      );
    case 'clock-unset':
      return line('warn', 'clock', `the clock says ${toIso(event.now)}, so it was never set; nothing is told until it is`);
    case 'clock-right':
      return line('info', 'clock', 'the clock has passed what was told; readings go on');
    case 'clock-ahead':
      return line(
        'error',
        'clock',
        `the oracle refuses readings of its future: this clock is ahead by ${event.aheadMs === undefined ? 'more than 2 min' : spanText(event.aheadMs)}; set it, for what is refused is lost`,
      );
    case 'refused':
      return line(
        'warn',
        'receipt',
        `the oracle refused ${event.stream} #${event.seq}: ${event.reason}; further ones are counted in the status`,
      );
    case 'not-understood':
      return line('warn', 'local', `not understood: ${event.why}`);
    case 'not-used':
      return line('info', 'local', `${event.device} tells of ${event.stream}, which streams.${event.stream}.devices does not name`);
    default:
      return event satisfies never;
  }
}
