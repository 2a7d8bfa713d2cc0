/**
 * Recent: the feature rows of an issue, from what a walker knows of the past and what drivers say of the future.
 *
 * Every reference of the past lies within the day before the issue or a whole number of days before that, so what a time
 * of day was like lately is worked out once per issue, however many days ahead are asked for.
 */
import { DAY } from '../../../units/time.ts';
import type { Ground } from './ground.ts';
import type { Recipe } from './recipe.ts';
import { type Departures, type Follower, lagDays, meanDays, type Normal, Walker } from './walker.ts';

const historyFeatures = [
  'newest',
  'second',
  'mean3',
  'mean7',
  'mean21',
  'max7',
  'min7',
  'far',
  'spread7',
  'known',
  'age',
  'depth',
  'trend',
];
const recentFeatures = ['recent1', 'recent6', 'recent24'];
const errorFeatures = ['error6', 'error24', 'error72'];
const calendarFeatures = ['lead', 'soon', 'sinDay', 'cosDay', 'sin2Day', 'cos2Day', 'weekend', 'weekendChange', 'monday'];

/** Names of the columns in order: the width of a row is their number. */
export function featureNames(recipe: Recipe): readonly string[] {
  return [
    ...historyFeatures,
    ...recentFeatures,
    ...errorFeatures,
    ...recipe.regressions.map(({ drivers }) => `fit(${drivers.join('+')})`),
    ...recipe.companions.flatMap(({ name, regression }) => [
      `${name}.newest`,
      `${name}.mean7`,
      `${name}.recent6`,
      ...(regression ? [`${name}.fit`, `${name}.error3`, `${name}.error24`] : []),
    ]),
    ...recipe.at,
    ...recipe.change.flatMap((name) => [`${name}-mean7`, `${name}-newest`]),
    ...recipe.around.flatMap(({ driver, hours }) => hours.map((hour) => `${driver}${hour > 0 ? '+' : ''}${hour}h`)),
    ...calendarFeatures,
  ];
}

/** Days of the longest mean and of the envelope. */
const farDays = 21;
/** What is kept of a time of day, transformed; after it two numbers for each driver that changes and each companion. */
const past = {
  count: 0,
  newest: 1,
  second: 2,
  mean3: 3,
  mean7: 4,
  mean21: 5,
  most: 6,
  least: 7,
  envelope: 8,
  spread: 9,
  width: 10,
} as const;

/** A class, for thousands live at once and none may carry closures of its own. */
export class Recent {
  readonly #recipe: Recipe;
  readonly #walker: Walker;
  readonly #isPeak: boolean;
  readonly #at: readonly (Float64Array | undefined)[];
  readonly #change: readonly (Float64Array | undefined)[];
  readonly #around: readonly { readonly series: Float64Array | undefined; readonly shift: number }[];
  readonly #clockFace: Float64Array;
  /** One row per time of day, worked out when it is first asked for after the walker has moved. */
  readonly #byTimeOfDay: Float64Array;
  readonly #workedOutAt: Int32Array;
  readonly #width: number;
  readonly #lags = new Float64Array(lagDays);
  /** Of the issue. */
  #departures: Departures = { recent: [0, 0, 0], error: [0, 0, 0] };
  #age = 0;
  #depth = 0;
  #trend = 0;
  /** Per companion: mean of the last six hours, what its regression missed in three and in 24, and its level, 0 where it is not taken off. */
  readonly #late: Float64Array;
  /** Where the row in hand goes, and how it is normalised. */
  #row: Float32Array = new Float32Array(0);
  #column = 0;
  #centre = 0;
  #scale = 1;

  /** Stands at `from`: whatever is older was never known. */
  constructor(ground: Ground, recipe: Recipe, from = 0) {
    const { drivers, target } = ground;
    this.#recipe = recipe;
    this.#walker = new Walker(ground, recipe, from);
    const { perDay, perHour, followers } = this.#walker;
    this.#isPeak = recipe.scale === 'peak';
    this.#at = recipe.at.map((name) => drivers[name]);
    this.#change = recipe.change.map((name) => drivers[name]);
    this.#around = recipe.around.flatMap(({ driver, hours }) => hours.map((hour) => ({ series: drivers[driver], shift: hour * perHour })));
    this.#clockFace = clockFaceOf(perDay, target.longitude);
    this.#width = past.width + 2 * (this.#change.length + followers.length);
    this.#byTimeOfDay = new Float64Array(perDay * this.#width);
    this.#workedOutAt = new Int32Array(perDay).fill(-1);
    this.#late = new Float64Array(4 * followers.length);
  }

  /** Takes in every step before the index. */
  absorbTo(index: number): void {
    this.#walker.absorbTo(index);
  }

  /** Normalisation at the walker; `undefined` when there is neither history nor a ceiling. To be asked before rows are written. O(30 days). */
  normal(): Normal | undefined {
    const walker = this.#walker;
    const { perDay } = walker;
    const normal = walker.normal();
    if (!normal) return undefined;
    this.#departures = walker.departures(normal);
    this.#age = walker.age(3);
    this.#depth = Math.min(1, walker.knownSteps / (30 * perDay));
    this.#trend = walker.meanOf(perDay) - walker.meanOf(7 * perDay);
    this.#lookBeside();
    return normal;
  }

  /** Persistence (SN24): the newest known value of the same time of day, transformed. */
  newest(lead: number): number {
    const at = this.#timeOfDay(lead);
    if ((this.#byTimeOfDay[at] as number) > 0) return this.#byTimeOfDay[at + past.newest] as number;
    if (this.#isPeak) return this.#walker.cold(this.#walker.now + lead);
    const mean = this.#walker.meanOf(meanDays * this.#walker.perDay);
    return Number.isNaN(mean) ? 0 : mean;
  }

  /** Writes the features of the step `lead` steps after the walker at `rows[offset…]`. */
  write(lead: number, { centre, scale }: Normal, rows: Float32Array, offset: number): void {
    this.#row = rows;
    this.#column = offset;
    this.#centre = centre;
    this.#scale = scale;
    const walker = this.#walker;
    const index = walker.now + lead;
    const step = walker.stepOf(index);
    const at = this.#timeOfDay(lead);
    const mean7 = this.#writePast(lead, index, at);
    this.#writeDepartures(lead / walker.perHour);
    for (const fit of walker.fits) {
      const value = fit.predict(step, index);
      this.#putNormal(Number.isNaN(value) ? mean7 : value);
    }
    this.#writeBeside(lead, step, index, at + past.width + 2 * this.#change.length);
    for (const series of this.#at) this.#put(series?.[index] ?? Number.NaN);
    for (let k = 0; k < this.#change.length; k++) {
      const value = this.#change[k]?.[index] ?? Number.NaN;
      this.#put(value - (this.#byTimeOfDay[at + past.width + 2 * k] as number));
      this.#put(value - (this.#byTimeOfDay[at + past.width + 2 * k + 1] as number));
    }
    const last = walker.ground.grid.count - 1;
    for (const { series, shift } of this.#around) this.#put(series?.[Math.max(0, Math.min(last, index + shift))] ?? Number.NaN);
    this.#writeCalendar(index, lead, step);
  }

  #put(value: number): void {
    this.#row[this.#column++] = Number.isNaN(value) ? 0 : value;
  }

  #putNormal(u: number): void {
    this.#put((u - this.#centre) / this.#scale);
  }

  /** The features of the past; returns the week's mean. */
  #writePast(lead: number, index: number, at: number): number {
    const known = this.#byTimeOfDay;
    const count = known[at] as number;
    const last = this.newest(lead);
    const mean7 = count > 0 ? (known[at + past.mean7] as number) : last;
    const mean21 = known[at + past.mean21] as number;
    const most = count > 0 ? (known[at + past.most] as number) : last;
    this.#putNormal(last);
    this.#putNormal(count > 1 ? (known[at + past.second] as number) : last);
    this.#putNormal(count > 0 ? (known[at + past.mean3] as number) : last);
    this.#putNormal(mean7);
    this.#putNormal(Number.isNaN(mean21) ? mean7 : mean21);
    this.#putNormal(most);
    this.#putNormal(count > 0 ? (known[at + past.least] as number) : last);
    // for the sun its envelope of three weeks; for what people do, the same time a week ago
    const far = this.#isPeak ? Math.max(most, known[at + past.envelope] as number) : this.#walker.at(index - lagDays * this.#walker.perDay);
    this.#putNormal(Number.isNaN(far) ? mean7 : far);
    this.#put((known[at + past.spread] as number) / this.#scale);
    this.#put(count / lagDays);
    this.#put(this.#age);
    this.#put(this.#depth);
    this.#put(this.#trend / this.#scale);
    return mean7;
  }

  #writeDepartures(leadHours: number): void {
    const { recent, error } = this.#departures;
    this.#put(recent[0] * Math.exp(-leadHours / 3));
    this.#put(recent[1] * Math.exp(-leadHours / (this.#isPeak ? 8 : 24)));
    this.#put(recent[2]);
    this.#put(error[0] * Math.exp(-leadHours / 8));
    this.#put(error[1]);
    this.#put(error[2]);
  }

  #writeBeside(lead: number, step: number, index: number, at: number): void {
    const { followers, perHour } = this.#walker;
    for (let k = 0; k < followers.length; k++) {
      const follower = followers[k] as Follower;
      const unit = follower.companion.isScaled ? this.#scale : 1;
      const newest = this.#byTimeOfDay[at + 2 * k] as number;
      const late = this.#late[4 * k] as number;
      const level = this.#late[4 * k + 3] as number;
      this.#put((newest - level) / unit);
      this.#put(((this.#byTimeOfDay[at + 2 * k + 1] as number) - level) / unit);
      this.#put(((Number.isNaN(late) ? newest : late) - level) / unit);
      if (!follower.companion.regression) continue;
      this.#put((follower.predict(step, index) - level) / unit);
      this.#put(((this.#late[4 * k + 1] as number) / unit) * Math.exp(-lead / perHour / 12));
      this.#put((this.#late[4 * k + 2] as number) / unit);
    }
  }

  #writeCalendar(index: number, lead: number, step: number): void {
    const { ground, perDay, perHour } = this.#walker;
    const { grid, target } = ground;
    const localDays = (grid.start + (index + 0.5) * grid.stepMs) / DAY + target.longitude / 360;
    const leadHours = lead / perHour;
    const { isWeekly } = this.#recipe;
    this.#put(leadHours / 96);
    this.#put(Math.exp(-leadHours / 6));
    for (let k = 0; k < 4; k++) this.#put(this.#clockFace[4 * step + k] as number);
    const weekend = isWeekly ? weekendAt(localDays) : 0;
    this.#put(weekend);
    this.#put(isWeekly ? weekend - weekendAt(localDays - Math.floor(lead / perDay) - 1) : 0);
    this.#put(isWeekly && weekdayAt(localDays) === 1 ? 1 : 0);
  }

  /** Where what is known of the step's time of day begins. */
  #timeOfDay(lead: number): number {
    const { now, perDay } = this.#walker;
    const phase = lead % perDay;
    const at = phase * this.#width;
    if (this.#workedOutAt[phase] === now) return at;
    this.#workedOutAt[phase] = now;
    const reference = now + phase - perDay;
    this.#recallTarget(reference, at);
    let next = at + past.width;
    for (const series of this.#change) {
      this.#recallDriver(series, reference, next);
      next += 2;
    }
    for (const follower of this.#walker.followers) {
      this.#recallFollower(follower, reference, next);
      next += 2;
    }
    return at;
  }

  #recallTarget(reference: number, at: number): void {
    const walker = this.#walker;
    const { perDay } = walker;
    const into = this.#byTimeOfDay;
    const lags = this.#lags;
    let [count, sum, sum3, most, least] = [0, 0, 0, -Infinity, Infinity];
    for (let day = 0; day < lagDays; day++) {
      const u = walker.at(reference - day * perDay);
      if (Number.isNaN(u)) continue;
      if (count < 3) sum3 += u;
      lags[count++] = u;
      sum += u;
      most = Math.max(most, u);
      least = Math.min(least, u);
    }
    let squares = 0;
    for (let k = 0; k < count; k++) squares += ((lags[k] as number) - sum / count) ** 2;
    let [sum21, count21, envelope] = [sum, count, most];
    for (let day = lagDays; day < farDays; day++) {
      const u = walker.at(reference - day * perDay);
      if (Number.isNaN(u)) continue;
      sum21 += u;
      count21++;
      envelope = Math.max(envelope, u);
    }
    into[at] = count;
    into[at + past.newest] = lags[0] as number;
    into[at + past.second] = lags[1] as number;
    into[at + past.mean3] = sum3 / Math.min(3, count);
    into[at + past.mean7] = sum / count;
    into[at + past.mean21] = sum21 / count21;
    into[at + past.most] = most;
    into[at + past.least] = least;
    into[at + past.envelope] = envelope;
    into[at + past.spread] = count > 1 ? Math.sqrt(squares / (count - 1)) : 0;
  }

  /** A driver's mean over the reference days, and what it was on the newest. */
  #recallDriver(series: Float64Array | undefined, reference: number, at: number): void {
    let [sum, count] = [0, 0];
    for (let day = 0; day < lagDays; day++) {
      const value = series?.[reference - day * this.#walker.perDay] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    this.#byTimeOfDay[at] = sum / count;
    this.#byTimeOfDay[at + 1] = series?.[reference] ?? Number.NaN;
  }

  /** A companion's newest value on the reference days, and its mean over them. */
  #recallFollower(follower: Follower, reference: number, at: number): void {
    let [newest, sum, count] = [Number.NaN, 0, 0];
    for (let day = 0; day < lagDays; day++) {
      const value = this.#walker.besideAt(follower, reference - day * this.#walker.perDay);
      if (Number.isNaN(value)) continue;
      if (count === 0) newest = value;
      sum += value;
      count++;
    }
    this.#byTimeOfDay[at] = newest;
    this.#byTimeOfDay[at + 1] = sum / count;
  }

  /** What companions did in the last hours. */
  #lookBeside(): void {
    const { followers, now, perHour, perDay } = this.#walker;
    followers.forEach((follower, k) => {
      this.#late[4 * k] = this.#meanBeside(follower, now - Math.round(6 * perHour));
      this.#late[4 * k + 1] = follower.missed(3 * perHour);
      this.#late[4 * k + 2] = follower.missed(perDay);
      this.#late[4 * k + 3] = follower.companion.isCentred ? this.#meanBeside(follower, now - lagDays * perDay) : 0;
    });
  }

  /** Mean of a companion from a step on; NaN when nothing is known. */
  #meanBeside(follower: Follower, first: number): number {
    let [sum, count] = [0, 0];
    for (let i = first; i < this.#walker.now; i++) {
      const value = this.#walker.besideAt(follower, i);
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return sum / count;
  }
}

/** Sine and cosine of the local solar time, and of twice it, by step of the day. */
const clockFaceOf = (perDay: number, longitude: number) =>
  Float64Array.from({ length: 4 * perDay }, (_, i) => {
    const angle = 2 * Math.PI * ((Math.floor(i / 4) + 0.5) / perDay + longitude / 360) * (i % 4 < 2 ? 1 : 2);
    return i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });

/** Of a day number: 1970-01-01 was a Thursday; 0 is Sunday. */
const weekdayAt = (days: number) => (((Math.floor(days) + 4) % 7) + 7) % 7;
const weekendAt = (days: number) => (weekdayAt(days) % 6 === 0 ? 1 : 0);
