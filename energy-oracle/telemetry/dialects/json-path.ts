/**
 * JSON path: where in a JSON payload a value is. Dots, `[0]` and `['key']`; `{name}` in a key stands for any text.
 *
 * No filters, no recursion, no expressions: what needs them is better read by a bridge.
 */
import type { Variables } from './topic-pattern.ts';

export interface Found {
  readonly value: unknown;
  readonly variables: Variables;
}

type Step =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'keys'; readonly regex: RegExp; readonly names: readonly string[] };

export interface JsonPath {
  readonly text: string;
  /** Every value that it leads to: one at most without variables. Own keys only. */
  read(json: unknown): Found[];
}

const token = /(?:^|\.)([^.[\]'"]+)|\[(\d{1,4})\]|\[(['"])([^'"]*)\3\]/y;
/** More keys than this of one object are not looked at. */
const keysMax = 256;

/** @throws RangeError for what is no path */
export function parsePath(text: string): JsonPath {
  const steps: Step[] = [];
  token.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    token.lastIndex = at;
    const found = token.exec(text);
    if (!found || found.index !== at) throw new RangeError(`${JSON.stringify(text)} cannot be read from character ${at + 1} on`);
    at = token.lastIndex;
    steps.push(found[2] === undefined ? keyStep((found[1] ?? found[4]) as string) : { kind: 'index', index: Number(found[2]) });
  }
  if (steps.length === 0) throw new RangeError('a path is not empty');
  return {
    text,
    read: (json) => steps.reduce<Found[]>((all, step) => all.flatMap((one) => taken(step, one)), [{ value: json, variables: {} }]),
  };
}

function keyStep(key: string): Step {
  if (!key.includes('{')) return { kind: 'key', key };
  const names: string[] = [];
  const parts = key.split(/\{([a-z][a-zA-Z]*)\}/);
  const source = parts.map((part, i) => {
    if (i % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    names.push(part);
    return '(.+)';
  });
  if (names.length !== 1) throw new RangeError(`a key has one variable at most, found ${JSON.stringify(key)}`);
  return { kind: 'keys', regex: new RegExp(`^${source.join('')}$`, 's'), names };
}

function taken(step: Step, { value, variables }: Found): Found[] {
  if (typeof value !== 'object' || value === null) return [];
  switch (step.kind) {
    case 'key':
      return Object.hasOwn(value, step.key) ? [{ value: (value as Record<string, unknown>)[step.key], variables }] : [];
    case 'index':
      return Array.isArray(value) && step.index < value.length ? [{ value: value[step.index], variables }] : [];
    case 'keys':
      return Object.entries(value)
        .slice(0, keysMax)
        .flatMap(([key, inner]) => {
          const found = step.regex.exec(key);
          return found ? [{ value: inner, variables: { ...variables, [step.names[0] as string]: found[1] as string } }] : [];
        });
    default:
      return step satisfies never;
  }
}
