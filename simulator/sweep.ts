/**
 * Sweep: a scenario's grid of parameters as scenarios of their own.
 *
 * `sweep:` names fields by dotted paths and the values each is to take; every combination is a variant. A variant is the
 * file as it is written with those fields changed, read as any other file: what a variant may say is what a file may say.
 */
import type { FieldRefusal } from '../scheduler/queue/field.ts';
import { readScenarioFile, type ScenarioFile } from './scenario-file.ts';

/** Values as they are written, by dotted path. */
export type Settings = Readonly<Record<string, unknown>>;

/** One combination; a scenario without a sweep is one variant without settings. */
export interface Variant {
  readonly settings: Settings;
  readonly scenario: ScenarioFile;
}

/** More combinations than this are refused. */
export const variantsMax = 10_000;

/** What a variant is run with, not what it is: these stand in the file for all variants. */
const ofAllVariants = ['name', 'policies', 'baseline', 'seeds', 'sweep'];

export type SweepReading =
  | { readonly kind: 'read'; readonly scenario: ScenarioFile; readonly variants: readonly Variant[] }
  | { readonly kind: 'refused'; readonly fields: readonly FieldRefusal[] };

/** Reads a parsed scenario file with all its variants; the last path of the sweep changes fastest. O(variants). */
export function readSweep(file: unknown): SweepReading {
  const base = readScenarioFile(file);
  if (base.kind === 'refused') return base;
  const { scenario } = base;
  const axes = Object.entries(scenario.sweep);
  const fields = refusedPaths(axes);
  const count = axes.reduce((product, [, values]) => product * values.length, 1);
  if (count > variantsMax) fields.push({ path: 'sweep', found: `${count} combinations`, allowed: `at most ${variantsMax}` });
  if (fields.length > 0) return { kind: 'refused', fields };
  const { sweep: _, ...written } = (file ?? {}) as Record<string, unknown>;
  const variants: Variant[] = [];
  const told = new Set<string>();
  for (const settings of combinationsOf(axes)) {
    const changed = withSettings(written, settings);
    const reading: ReturnType<typeof readScenarioFile> = changed.kind === 'refused' ? changed : readScenarioFile(changed.file);
    if (reading.kind === 'read') variants.push({ settings, scenario: reading.scenario });
    else
      for (const field of reading.fields) {
        const key = JSON.stringify(field);
        if (!told.has(key)) fields.push({ ...field, path: `sweep (${labelOf(settings)}): ${field.path}` });
        told.add(key); // a bad value stands in many combinations
      }
  }
  return fields.length > 0 ? { kind: 'refused', fields } : { kind: 'read', scenario, variants };
}

type Axes = readonly (readonly [string, readonly unknown[]])[];

function refusedPaths(axes: Axes): FieldRefusal[] {
  const paths = axes.map(([path]) => path);
  return axes.flatMap(([path, values]) => {
    const refuse = (found: string, allowed: string) => ({ path: `sweep.${path}`, found, allowed });
    const refused: FieldRefusal[] = [];
    const [head = ''] = path.split('.');
    if (ofAllVariants.includes(head)) refused.push(refuse('a field of all variants', `any field but ${ofAllVariants.join(', ')}`));
    const outer = paths.find((other) => path.startsWith(`${other}.`));
    if (outer !== undefined) refused.push(refuse(`a field within ${outer}, which varies too`, 'fields apart from each other'));
    const texts = values.map((value) => JSON.stringify(value));
    const twice = texts.find((text, at) => texts.indexOf(text) !== at);
    if (twice !== undefined) refused.push(refuse(`${twice} twice`, 'each value once'));
    return refused;
  });
}

function combinationsOf(axes: Axes): Settings[] {
  let combinations: Settings[] = [{}];
  for (const [path, values] of axes)
    combinations = combinations.flatMap((settings) => values.map((value) => ({ ...settings, [path]: value })));
  return combinations;
}

/** How a variant is called: `forecaster=perfect, jobs.slack.long=12h`. */
export const labelOf = (settings: Settings): string =>
  Object.entries(settings)
    .map(([path, value]) => `${path}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

type Changed =
  | { readonly kind: 'changed'; readonly file: unknown }
  | { readonly kind: 'refused'; readonly fields: readonly FieldRefusal[] };

/** A file with fields changed; a part that is not there is added, one that has no fields is refused. */
function withSettings(written: unknown, settings: Settings): Changed {
  const file: unknown = structuredClone(written);
  for (const [path, value] of Object.entries(settings)) {
    const steps = path.split('.');
    const last = steps.pop() as string;
    let at = file as Record<string, unknown>;
    for (const step of steps) {
      at[step] ??= {};
      const next = at[step];
      if (typeof next !== 'object' || next === null)
        return {
          kind: 'refused',
          fields: [{ path: step, found: JSON.stringify(next), allowed: `fields or a list, as the sweep names ${path}` }],
        };
      at = next as Record<string, unknown>;
    }
    if (Array.isArray(at) && !(Number(last) < at.length))
      return { kind: 'refused', fields: [{ path, found: `entry ${last} of a list`, allowed: `0 to ${at.length - 1}` }] };
    at[last] = value;
  }
  return { kind: 'changed', file };
}
