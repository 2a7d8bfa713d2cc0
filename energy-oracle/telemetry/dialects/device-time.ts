/**
 * Device time: when a meter says that a value was so. Local times without an offset need the zone they are local to.
 *
 * A clock that is plainly wrong is refused, not corrected: a day behind is a spool, a minute ahead is a drift, an hour
 * ahead is a wrong zone.
 */
import { DAY, type Instant, MINUTE, parseInstant, toIso } from '../../../units/time.ts';
import { instantsOfLocal } from '../../grid/price.ts';

/** A device's clock may be so far ahead of ours. */
export const aheadMsMax = 5 * MINUTE;
/** Older than this is a clock that was never set; what a meter spooled for a week is not. */
export const behindMsMax = 45 * DAY;

export type TimeForm = 'iso' | 'unix-s' | 'unix-ms';
export type DeviceTime =
  | { readonly kind: 'at'; readonly at: Instant }
  /** A local time, and nobody said of where. */
  | { readonly kind: 'zoneless' }
  | { readonly kind: 'refused'; readonly reason: string };

const local = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?$/;

/**
 * @param timeZone  IANA name; checked by the caller
 * @param receivedAt  settles which of the two hours it is when clocks are set back, and what is plainly wrong
 */
export function deviceTime(found: unknown, form: TimeForm, timeZone: string | undefined, receivedAt: Instant): DeviceTime {
  if (form !== 'iso') {
    const number =
      typeof found === 'number' ? found : typeof found === 'string' && /^\d{1,16}(\.\d+)?$/.test(found) ? Number(found) : Number.NaN;
    return Number.isFinite(number) ? within(Math.round(number * (form === 'unix-s' ? 1_000 : 1)), receivedAt) : noTime(found);
  }
  if (typeof found === 'number' && Number.isFinite(found)) return within(Math.round(found > 1e11 ? found : found * 1_000), receivedAt);
  if (typeof found !== 'string' || found.length > 40) return noTime(found);
  const instant = parseInstant(found.replace(' ', 'T'));
  if (instant !== undefined) return within(instant, receivedAt);
  const parts = local.exec(found);
  if (!parts) return noTime(found);
  if (timeZone === undefined) return { kind: 'zoneless' };
  const [year, month, day, hour, minute, second] = parts.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const localMs = Date.UTC(year, month - 1, day, hour, minute, second);
  if (month > 12 || hour > 23 || minute > 59 || new Date(localMs).getUTCDate() !== day) return noTime(found);
  const instants = instantsOfLocal(timeZone, localMs);
  const nearest = [...instants].sort((a, b) => Math.abs(a - receivedAt) - Math.abs(b - receivedAt))[0];
  if (nearest === undefined) return { kind: 'refused', reason: `${found} is skipped by the clocks of ${timeZone}` };
  return within(nearest, receivedAt);
}

const noTime = (found: unknown): DeviceTime => ({ kind: 'refused', reason: `no time in ${JSON.stringify(found)?.slice(0, 60)}` });

function within(at: Instant, receivedAt: Instant): DeviceTime {
  if (at > receivedAt + aheadMsMax)
    return { kind: 'refused', reason: `the device's clock is ${said(at - receivedAt)} ahead; is the time zone right?` };
  if (at < receivedAt - behindMsMax)
    return { kind: 'refused', reason: `the device's clock stands at ${Number.isFinite(at) && Math.abs(at) < 8e15 ? toIso(at) : at}` };
  return { kind: 'at', at };
}

const said = (ms: number): string => (ms < 2 * 60 * MINUTE ? `${Math.round(ms / MINUTE)} min` : `${Math.round(ms / (60 * MINUTE))} h`);
