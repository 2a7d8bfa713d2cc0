/** The scenario file: values that would be read as something else, or break a run at its end, are refused at its start. */
import { describe, expect, test } from 'vitest';
import { readScenarioFile } from '../../simulator/scenario-file.ts';

const refusedIn = (file: object): string[] => {
  const reading = readScenarioFile({ name: 's', ...file });
  return reading.kind === 'read' ? [] : reading.fields.map(({ path }) => path);
};

describe('a share', () => {
  const interruptible = (share: unknown) => readScenarioFile({ name: 's', jobs: { interruptible: share } });

  test.each([
    { share: '5%', want: 0.05 },
    { share: 0.05, want: 0.05 },
    { share: '0.05', want: 0.05 },
    { share: '100 %', want: 1 },
    { share: 1, want: 1 },
  ])('$share is $want', ({ share, want }) => {
    const reading = interruptible(share);
    expect(reading.kind === 'read' && reading.scenario.jobs.interruptible).toBe(want);
  });

  test.each(['', ' ', '5', 5, 1.5, '101%', -0.1, '0x1', 'half'])('is not %j', (share) =>
    expect(refusedIn({ jobs: { interruptible: share } })).toEqual(['jobs.interruptible']),
  );

  test.each([
    { noise: '200%', refused: [] },
    { noise: 5, refused: ['forecaster'] },
    { noise: '', refused: ['forecaster'] },
  ])('of noise is refused for $noise: $refused', ({ noise, refused }) => expect(refusedIn({ forecaster: { noise } })).toEqual(refused));
});

test.each([
  { seeds: [1, 1], refused: ['seeds'] },
  { seeds: [2 ** 31], refused: ['seeds.0'] },
  { seeds: [0, 2 ** 31 - 1], refused: [] },
])('seeds $seeds are refused in $refused', ({ seeds, refused }) => expect(refusedIn({ seeds })).toEqual(refused));
