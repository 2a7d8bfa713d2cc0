/**
 * Words for numbers: every figure on the page passes through here.
 *
 * Pure. A value that is not known (`null`, `undefined`, not finite) reads "–" and never 0. Scales are chosen so that
 * three or four digits are shown; the unit is always said. Times are UTC, because sites are in many zones.
 */

type Maybe<T> = T | null | undefined;

export const MISSING = '–';
const LOCALE = 'en-GB';
/** A true minus sign, as wide as a plus. */
const MINUS = '−';

const known = (value: Maybe<number>): value is number => typeof value === 'number' && Number.isFinite(value);

/** A plain number with at most `digits` decimals and grouped thousands. */
export function formatNumber(value: Maybe<number>, digits = 0): string {
  if (!known(value)) return MISSING;
  const text = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: digits }).format(value);
  return text === '-0' ? '0' : text.replace('-', MINUS);
}

/** Three significant digits or whole numbers, whichever shows more. */
const scaled = (value: number): string => formatNumber(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

/** Power in kW, one decimal under 100. */
export const formatKw = (value: Maybe<number>): string => formatNumber(value, known(value) && Math.abs(value) < 100 ? 1 : 0);

/** Energy given in Wh, as Wh, kWh or MWh. */
export function formatWh(value: Maybe<number>): string {
  if (!known(value)) return MISSING;
  if (Math.abs(value) < 1_000) return `${formatNumber(value)} Wh`;
  return Math.abs(value) < 1e6 ? `${scaled(value / 1e3)} kWh` : `${scaled(value / 1e6)} MWh`;
}

/** Carbon given in g, as g, kg or t of CO2eq (the label says CO₂eq, not the figure). */
export function formatGrams(value: Maybe<number>): string {
  if (!known(value)) return MISSING;
  if (Math.abs(value) < 1_000) return `${formatNumber(value, Math.abs(value) < 10 ? 1 : 0)} g`;
  return Math.abs(value) < 1e6 ? `${scaled(value / 1e3)} kg` : `${scaled(value / 1e6)} t`;
}

/** Decimals that money of this size is shown with: cents as a rule, more for the fractions of a cent on receipts. */
const moneyDigits = (value: number): number => {
  const size = Math.abs(value);
  return size >= 1_000 ? 0 : size >= 0.1 || size < 5e-5 ? 2 : 4;
};

/** Money in a currency of ISO 4217; any other word is put behind the number. */
export function formatMoney(value: Maybe<number>, currency: Maybe<string>): string {
  if (!known(value)) return MISSING;
  const digits = moneyDigits(value);
  if (!currency || !/^[A-Z]{3}$/.test(currency)) return [formatNumber(value, digits), currency].filter(Boolean).join(' ');
  const options = { style: 'currency', currency, minimumFractionDigits: digits, maximumFractionDigits: digits } as const;
  const text = new Intl.NumberFormat(LOCALE, options).format(value);
  return (/^-[^1-9]*$/.test(text) ? text.slice(1) : text).replace('-', MINUS);
}

/**
 * Share of the counterfactual that was not spent, 1 = all; `undefined` when there is nothing to compare with.
 *
 * Negative when more was spent. A counterfactual of 0 or less (negative prices) has no meaningful share.
 */
export function savedShare(actual: Maybe<number>, counterfactual: Maybe<number>): number | undefined {
  if (!known(actual) || !known(counterfactual) || counterfactual <= 0) return undefined;
  return (counterfactual - actual) / counterfactual;
}

/** A share of 1 as whole per cent; a real share never reads 0 % or 100 % by rounding alone. */
export function formatShare(share: Maybe<number>): string {
  if (!known(share)) return MISSING;
  const percent = share * 100;
  if (percent > 0 && percent < 1) return '<1 %';
  if (percent > 99 && percent < 100) return '>99 %';
  return `${formatNumber(percent)} %`;
}

/** A change against the counterfactual: "−62 %" is less, "+8 %" is more, "±0 %" is the same. */
export function formatChange(share: Maybe<number>): string {
  if (!known(share)) return MISSING;
  const percent = Math.round(share * -100);
  if (percent === 0) return '±0 %';
  return `${percent > 0 ? '+' : MINUS}${formatNumber(Math.abs(percent))} %`;
}

/** Whole base units of a token (decimal text) as tokens with up to four decimals, rounded down. */
export function formatTokens(baseUnits: Maybe<string>, decimals: number): string {
  if (!baseUnits || !/^\d+$/.test(baseUnits)) return MISSING;
  const one = 10n ** BigInt(decimals);
  const whole = BigInt(baseUnits) / one;
  const fraction = (BigInt(baseUnits) % one).toString().padStart(decimals, '0').slice(0, 4).replace(/0+$/, '');
  const text = new Intl.NumberFormat(LOCALE).format(whole);
  return fraction && decimals > 0 ? `${text}.${fraction}` : text;
}

/** `0x1234…abcd` for addresses and hashes; the whole text belongs in a `title`. */
export const shortened = (text: string): string => (text.length > 14 ? `${text.slice(0, 6)}…${text.slice(-4)}` : text);

const zoned = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(LOCALE, { timeZone: 'UTC', hourCycle: 'h23', ...options });
const dayFormat = zoned({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
const shortDayFormat = zoned({ day: 'numeric', month: 'short' });
const clockFormat = zoned({ hour: '2-digit', minute: '2-digit' });
const secondsFormat = zoned({ hour: '2-digit', minute: '2-digit', second: '2-digit' });

function formatted(format: Intl.DateTimeFormat, iso: Maybe<string>): string {
  const instant = iso ? Date.parse(iso) : Number.NaN;
  return Number.isNaN(instant) ? MISSING : format.format(instant);
}

/** "Tue, 14 Jul 2020" in UTC. */
export const formatDay = (iso: Maybe<string>): string => formatted(dayFormat, iso);
/** "13:45" in UTC. */
export const formatClock = (iso: Maybe<string>): string => formatted(clockFormat, iso);
/** "13:45:07" in UTC. */
export const formatSeconds = (iso: Maybe<string>): string => formatted(secondsFormat, iso);

/** "14 Jul 13:45" in UTC. */
export function formatMoment(iso: Maybe<string>): string {
  const day = formatted(shortDayFormat, iso);
  return day === MISSING ? MISSING : `${day} ${formatClock(iso)}`;
}

/** "14 Jul 13:45–16:00", the day said twice only when it differs; an open end reads "–…". */
export function formatWindow(start: Maybe<string>, end: Maybe<string>): string {
  const from = formatMoment(start);
  if (from === MISSING) return MISSING;
  if (!end) return `${from}–…`;
  const sameDay = formatted(shortDayFormat, start) === formatted(shortDayFormat, end);
  return `${from}–${sameDay ? formatClock(end) : formatMoment(end)}`;
}

/** "2 h 15 min", "45 min", "1 d 3 h"; under a minute in seconds. */
export function formatDuration(durationMs: Maybe<number>): string {
  if (!known(durationMs) || durationMs < 0) return MISSING;
  if (durationMs < 60_000) return `${Math.round(durationMs / 1_000)} s`;
  const minutes = Math.round(durationMs / 60_000);
  const parts: [number, string][] = [
    [Math.floor(minutes / 1_440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ];
  return parts
    .filter(([count]) => count > 0)
    .slice(0, 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** "live" at 1, "600× time" when virtual. */
export const formatSpeed = (speed: Maybe<number>): string =>
  !known(speed) ? MISSING : speed === 1 ? 'real time' : `${formatNumber(speed, speed < 10 ? 1 : 0)}× time`;
