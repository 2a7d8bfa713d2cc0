/**
 * Own policy file: a TypeScript or JavaScript module with a function becomes a policy.
 *
 * The module is evaluated anew every time it is asked for, so that what it remembers ends with the run. Its types are
 * stripped, not checked. Files of projects with and without `"type": "module"` load alike, wherever they lie.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { register as registerCommonJs } from 'tsx/cjs/api';
import { type NamespacedUnregister, register } from 'tsx/esm/api';
import { type OwnPolicy, ownPolicy } from '../simulator/study/own-policy.ts';
import { type Policy, PolicyFault } from '../simulator/study/policy.ts';

/** CommonJS by name is left out: Node keeps such a module for the life of the process. */
const extensions = ['.ts', '.mts', '.js', '.mjs'];

/** True for a name that can only be a path. */
export const isPolicyFile = (name: string): boolean => /[/\\]/.test(name) || extensions.includes(extname(name));

const namespace = 'own-policies';
let loader: NamespacedUnregister | undefined;
let evaluations = 0;

/** What a module exports; one of CommonJS stands below `default`. */
async function evaluated(path: string): Promise<Record<string, unknown>> {
  if (!loader) {
    registerCommonJs({ namespace });
    loader = register({ namespace });
  }
  const specifier = `${pathToFileURL(path).href}?evaluation=${evaluations++}`;
  const loaded = (await loader.import(specifier, import.meta.url)) as Record<string, unknown>;
  const inner = loaded['default'];
  return typeof inner === 'object' && inner !== null && '__esModule' in inner ? (inner as Record<string, unknown>) : loaded;
}

/**
 * The policy in a file.
 *
 * @param name  how the scenario calls it: its name beside the others
 * @throws PolicyFault when there is no such file, it does not load, or has no function as its default export
 */
export async function loadOwnPolicy(name: string, path: string): Promise<Policy> {
  if (!extensions.includes(extname(path)))
    throw new PolicyFault(name, `found a file ${extname(path) || 'without an ending'}; allowed: ${extensions.join(', ')}`);
  if (!existsSync(path)) throw new PolicyFault(name, `no file ${path}; paths count from the scenario’s folder`);
  let module: Record<string, unknown>;
  try {
    module = await evaluated(path);
  } catch (cause) {
    throw new PolicyFault(name, `${path} does not load: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  const { default: place, replan = false } = module;
  if (typeof place !== 'function')
    throw new PolicyFault(
      name,
      `${path} exports ${place === undefined ? 'no default' : `a default ${typeof place}`}; allowed: export default function place(job, sites, now)`,
    );
  if (typeof replan !== 'boolean') throw new PolicyFault(name, `${path} exports replan as ${typeof replan}; allowed: true or false`);
  return ownPolicy(name, place as OwnPolicy, replan);
}

/** A mark of a policy's text and of the files it imports by relative paths: another text, another mark. */
export function policyMark(path: string): string {
  const hash = createHash('sha256');
  const seen = new Set<string>();
  const add = (file: string) => {
    if (seen.has(file) || !existsSync(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    hash.update(`${text.length}\n${text}`);
    for (const [, relative = ''] of text.matchAll(/(?:from|import|require)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g))
      for (const ending of ['', ...extensions]) if (extname(relative + ending) !== '') add(resolve(dirname(file), relative + ending));
  };
  add(resolve(path));
  return hash.digest('hex');
}
