import { describe, expect, test } from 'vitest';
import { createForeknown } from '../../../energy-oracle/telemetry/foreknown.ts';
import { keyOf } from './messages.ts';

const [key, other] = [keyOf(1), keyOf(2)];
const [text, signature] = ['four kilowatts', key.sign('four kilowatts')];

describe('a signature that was checked ahead', () => {
  test.each([
    { name: 'is its signer’s', asked: [key.publicKey, text, signature] as const, want: true },
    { name: 'is nobody else’s', asked: [other.publicKey, text, signature] as const, want: false },
    { name: 'is of no other text', asked: [key.publicKey, 'five kilowatts', signature] as const, want: false },
  ])('$name', async ({ asked, want }) => {
    const foreknown = createForeknown();
    await foreknown.check(key.publicKey, text, signature);
    expect(foreknown.isSigned(...asked)).toBe(want);
    expect(foreknown.isSigned(...asked)).toBe(want); // asked again, it is checked again
  });

  test('was checked for another key or text, and vouches for neither', async () => {
    const foreknown = createForeknown();
    await foreknown.check(other.publicKey, text, signature);
    expect(foreknown.isSigned(key.publicKey, text, signature)).toBe(true);
    await foreknown.check(key.publicKey, 'five kilowatts', signature);
    expect(foreknown.isSigned(key.publicKey, text, signature)).toBe(true);
    expect(foreknown.isSigned(key.publicKey, 'five kilowatts', signature)).toBe(false);
  });

  test.each(['', '!', 'AAAA', `${signature}=`])('that is malformed (%j) is nobody’s', async (malformed) => {
    const foreknown = createForeknown();
    await foreknown.check(key.publicKey, text, malformed);
    await foreknown.check('no key', text, malformed);
    expect(foreknown.isSigned(key.publicKey, text, malformed)).toBe(false);
    expect(foreknown.isSigned('no key', text, signature)).toBe(false);
  });
});
