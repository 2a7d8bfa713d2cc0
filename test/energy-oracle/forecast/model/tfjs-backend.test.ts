/**
 * TensorFlow.js backends: the probe takes what runs, says what does not, and leaves the process as it was.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { BackendMissing, openBackend } from '../../../../energy-oracle/forecast/model/tfjs-backend.ts';

const broken = () => Promise.reject(new Error('no binary here\nand a long explanation'));
const cpu = () => import('@tensorflow/tfjs-backend-cpu');
const wasm = async () => {};

describe('the probe for a backend', () => {
  test('falls through what throws at import, and tells the reasons once', async () => {
    const lines: string[] = [];
    const tell = (line: string) => lines.push(line);
    const load = { tensorflow: broken, wasm: broken, cpu };
    expect([await openBackend({ load, tell }), await openBackend({ load, tell })]).toEqual(['cpu', 'cpu']);
    expect(lines).toEqual(['TensorFlow.js runs on cpu; tensorflow does not (no binary here); wasm does not (no binary here)']);
    expect(tf.getBackend()).toBe('cpu');
  });

  test('falls through what loads and registers nothing', async () =>
    expect(await openBackend({ load: { tensorflow: async () => {}, wasm: broken, cpu } })).toBe('cpu'));

  test('opens WebAssembly here, with SIMD, and leaves the faults of the process to the process', async () => {
    const listeners = () => [...process.rawListeners('uncaughtException'), ...process.rawListeners('unhandledRejection')];
    const before = listeners();
    expect(await openBackend({ force: 'wasm' })).toBe('wasm');
    expect(tf.getBackend()).toBe('wasm');
    expect(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')).toBe(true);
    expect(listeners()).toEqual(before);
  });

  test('takes the quickest that runs, the native one where its binary is', async () =>
    expect(['tensorflow', 'wasm']).toContain(await openBackend()));

  test('fails with the reason when the forced one does not run', async () => {
    const fault = await openBackend({ force: 'tensorflow', load: { tensorflow: broken, wasm, cpu } }).catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(BackendMissing);
    expect(fault).toMatchObject({ backend: 'tensorflow', cause: { message: expect.stringContaining('no binary here') } });
  });

  test('fails with all the reasons when nothing runs', async () =>
    expect(await openBackend({ load: { tensorflow: broken, wasm: broken, cpu: broken } }).catch((fault: unknown) => fault)).toMatchObject({
      cause: { errors: [{}, {}, {}] },
    }));
});

describe('the packages', () => {
  test('are loaded without their source maps, and everything else with its own', async () => {
    const script = `
      import { createRequire, findSourceMap } from 'node:module';
      const { tf } = await import('./energy-oracle/forecast/model/tfjs-packages.ts');
      const path = createRequire(import.meta.url).resolve('@tensorflow/tfjs-core');
      console.log(typeof tf.tensor, process.sourceMapsEnabled, findSourceMap(path));`;
    const node = ['--import', 'tsx', '--enable-source-maps', '--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(process.execPath, node);
    expect(stdout.trim()).toBe('function true undefined');
  });
});
