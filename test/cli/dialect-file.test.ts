/**
 * Dialect file: what is refused, and how a refusal reads.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readDialectFile } from '../../cli/dialect-file.ts';
import { createTranslator } from '../../energy-oracle/telemetry/dialects/dialect-translator.ts';

const fileOf = (text: string): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'dialect-')), 'mine.yaml');
  writeFileSync(file, text);
  return file;
};

describe('a mapping file', () => {
  test('without a name is every built-in dialect', () => expect(readDialectFile(undefined)).toMatchObject({ devices: [], others: 'take' }));
  test('may be empty', () => expect(readDialectFile(fileOf(''))).toMatchObject({ dialects: [] }));
  test.each([
    { name: 'a stream that there is not', text: 'devices: [{device: a, stream: sun}]', want: /devices\[0\]\.stream: .*pv_power/ },
    { name: 'an unknown field', text: 'devices: [{device: a, stream: pv_power, unti: W}]', want: /unti/ },
    {
      name: 'a unit that there is not',
      text: 'devices: [{device: a, stream: pv_power, unit: Watts per hour}]',
      want: /devices\[0\]\.unit: one of W, kW/,
    },
    { name: 'a scale that turns around', text: 'devices: [{device: a, stream: pv_power, scale: -1}]', want: /devices\[0\]\.scale: .*sign/ },
    { name: 'neither a stream nor ignore', text: 'devices: [{device: a}]', want: /devices\[0\]\.stream: either a stream or/ },
    {
      name: 'a topic with MQTT’s wildcards',
      text: 'dialects: [{name: mine, rules: [{match: a/+/b, device: x, unit: W}]}]',
      want: /dialects\[0\]\.rules\[0\]\.match: variables such as \{device\}/,
    },
    {
      name: 'a path that cannot be read',
      text: 'dialects: [{name: mine, rules: [{match: a/b, path: "a..b", device: x, unit: W}]}]',
      want: /dialects\[0\]\.rules\[0\]\.path: "a\.\.b" cannot be read from character 2/,
    },
    { name: 'what is no YAML', text: 'devices: [', want: /mine\.yaml: / },
  ])('is refused for $name', ({ text, want }) => expect(() => readDialectFile(fileOf(text))).toThrow(want));
  test('is as the page about dialects shows it', () => {
    const [mapping = '', dialects = ''] = [...readFileSync('docs/dialects.md', 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(
      ([, text]) => text,
    );
    const whole = readDialectFile(
      fileOf(`${mapping.replace('use: [evcc, shelly, tasmota]', 'use: [evcc, shelly, tasmota, cellar]')}${dialects}`),
    );
    const ear = createTranslator({ mapping: whole });
    const hear = (topic: string, json: unknown) =>
      ear
        .hear({ topic, payload: new TextEncoder().encode(JSON.stringify(json)), receivedAt: 1_800_000_000_000 })
        .observations.map(({ device, stream, value }) => [device, stream, value]);
    expect(hear('home/evcc/site/pvPower', 936)).toEqual([]);
    expect(hear('shellypro3em-1/status/em:0', { total_act_power: -5 })).toEqual([['shelly/shellypro3em-1/em:0', 'grid_power', -5]]);
    expect(hear('tele/garage/SENSOR', { ENERGY: { Power: -60 } })).toEqual([['tasmota/garage', 'pv_power', 120]]);
    expect(readDialectFile(fileOf(dialects)).dialects[0]?.rules).toHaveLength(1);
  });
  test('that is not there is refused with what to do', () =>
    expect(() => readDialectFile('/nowhere.yaml')).toThrow('no such file; `sunward oracle sniff --save` writes one'));
});
