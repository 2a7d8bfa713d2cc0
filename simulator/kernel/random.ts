/**
 * Random: seeded streams, one per component, and noise that can be asked for at any index.
 *
 * Owns every die the simulator throws. A stream is named, so a new component never shifts the numbers of another.
 * Integer arithmetic decides the bits, so the same seed and name give the same uniform numbers on every machine;
 * `normal` goes through `Math.log`, which may differ in the last place between engines: round what you publish.
 * Not for secrets.
 */

export interface RandomStream {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal: mean 0, variance 1. */
  normal(): number;
  /** A whole number in [low, high); refuses an empty range with a RangeError. */
  int(low: number, high: number): number;
  /** One of the items, each as likely; refuses an empty list with a RangeError. */
  pick<Item>(items: readonly Item[]): Item;
}

const TWO_32 = 4_294_967_296;
/** Rounds thrown away after seeding, so that near seeds part ways before the first number is used. */
const WARM_UP_ROUNDS = 16;

/** Spreads 32 bits over 32 bits, one to one (the finaliser of MurmurHash3, Appleby, public domain). */
function mix(bits: number): number {
  let hash = bits | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** 32 bits of a text (FNV-1a over UTF-16 units, then mixed). */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** 32 bits of a seed; seeds count as whole numbers up to 2^53, so a date or a counter will do. */
function hashOfSeed(seed: number): number {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`a seed is a safe whole number, found ${seed}`);
  return mix((mix(seed) + Math.floor(seed / TWO_32)) ^ 0x9e3779b9);
}

/**
 * A stream of random numbers for one named component.
 *
 * Small fast counting generator sfc32 (Doty-Humphrey, PractRand): 128 bits of state, period at least 2^32.
 */
export function randomStream(seed: number, name: string): RandomStream {
  let a = hashOfSeed(seed);
  let b = hashOf(name);
  let c = mix(a ^ Math.imul(b, 0x9e3779b1));
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < WARM_UP_ROUNDS; i++) next();

  const uniform = (): number => ((next() >>> 5) * 67_108_864 + (next() >>> 6)) / 9_007_199_254_740_992;
  let spare: number | undefined;
  /** Polar method (Marsaglia and Bray 1964): two normals per accepted point, 1.27 points on average. */
  const normal = (): number => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  };
  const int = (low: number, high: number): number => {
    if (!(Number.isSafeInteger(low) && Number.isSafeInteger(high) && low < high))
      throw new RangeError(`int needs whole low < high, found [${low}, ${high})`);
    return low + Math.floor(uniform() * (high - low));
  };
  const pick = <Item>(items: readonly Item[]): Item => {
    if (items.length === 0) throw new RangeError('cannot pick from an empty list');
    return items[int(0, items.length)] as Item;
  };
  return { uniform, normal, int, pick };
}

/** Noise in [0, 1) at a whole index, the same whenever and in whatever order it is asked; 32 bits. */
export function noiseAt(seed: number, name: string, index: number): number {
  if (!Number.isSafeInteger(index)) throw new RangeError(`a noise index is a safe whole number, found ${index}`);
  const place = mix(mix(index) + Math.floor(index / TWO_32));
  return mix(place ^ mix(hashOfSeed(seed) ^ Math.imul(hashOf(name), 0x9e3779b1))) / TWO_32;
}
