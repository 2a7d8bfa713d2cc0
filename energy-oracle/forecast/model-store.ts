/**
 * Model store: what the live forecaster would miss after a restart, as a port with its in-memory reference.
 *
 * Owns trained models (the newest of each kind), the forecaster's memory (a track a target, findings a site) and the
 * pages of scores. Each document is written whole and durable when the promise resolves. Everything in it can be made
 * anew from the series store, at the cost of the time it takes.
 */
import type { LearnedState } from './learned.ts';
import type { StoredModel } from './model/tfjs-pooled-fit.ts';
import type { ScorePage } from './score/outlook-score.ts';
import type { TargetKind } from './target.ts';

export interface ModelStore {
  /** Takes the place of the model of its kind. */
  putModel(model: StoredModel): Promise<void>;
  /** By kind; to the bit as it was put. */
  models(): Promise<readonly StoredModel[]>;
  /** Writes the tracks and findings given; others stay. */
  putMemory(memory: LearnedState): Promise<void>;
  memory(): Promise<LearnedState>;
  /** Takes the place of the page of its site and month. */
  putScores(page: ScorePage): Promise<void>;
  /** By site, then month; of one site, when it is given. */
  scores(site?: string): Promise<readonly ScorePage[]>;
}

/** The reference: the same promises, without the disk. */
export function createMemoryModelStore(): ModelStore {
  const models = new Map<TargetKind, string>();
  const tracks = new Map<string, string>();
  const findings = new Map<string, string>();
  const pages = new Map<string, ScorePage>();
  const all = (documents: ReadonlyMap<string, string>) =>
    Object.fromEntries([...documents].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, text]) => [key, JSON.parse(text)]));
  return {
    putModel: async (model) => void models.set(model.kind, modelText(model)),
    models: async () => [...models].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => modelFromText(text)),
    putMemory: async (memory) => {
      for (const [key, track] of Object.entries(memory.tracks)) tracks.set(key, JSON.stringify(track));
      for (const [key, found] of Object.entries(memory.findings)) findings.set(key, JSON.stringify(found));
    },
    memory: async () => ({ tracks: all(tracks), findings: all(findings) }),
    putScores: async (page) => void pages.set(`${page.site} ${page.month}`, structuredClone(page)),
    scores: async (site) =>
      [...pages.values()]
        .filter((page) => site === undefined || page.site === site)
        .sort((a, b) => (a.site < b.site ? -1 : a.site > b.site ? 1 : a.month < b.month ? -1 : 1)),
  };
}

/** Arrays of numbers as base64 of their bytes, little endian, so that every bit comes back. */
const numberArrays = { Uint8Array, Float32Array, Float64Array } as const;

/** A model as JSON text. */
export const modelText = (model: StoredModel): string =>
  JSON.stringify(model, (_key, value: unknown) => {
    for (const [name, Type] of Object.entries(numberArrays))
      if (value instanceof Type)
        return { $array: name, base64: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
    return value;
  });

/** The model that a text holds; what it was, it is again, to the bit. */
export const modelFromText = (text: string): StoredModel =>
  JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$array' in value && 'base64' in value)) return value;
    const Type = numberArrays[value.$array as keyof typeof numberArrays];
    const bytes = Uint8Array.from(Buffer.from(String(value.base64), 'base64')); // a buffer of its own: aligned
    return new Type(bytes.buffer);
  });
