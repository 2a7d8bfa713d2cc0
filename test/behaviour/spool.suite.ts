/**
 * Behaviour of a spool, for every implementation of the port. `reopen` gives the same spool after a restart, when there
 * is one that survives.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Spool, SpoolEntry, SpoolMark } from '../../energy-oracle/store/spool.ts';

export interface SpoolHarness {
  open(): Promise<Spool>;
  /** Opens what the given spool left behind; `undefined` when nothing survives by design. */
  readonly reopen: ((spool: Spool) => Promise<Spool>) | undefined;
}

export const entry = (stream: string, seq: number): SpoolEntry => ({
  stream,
  seq,
  topic: `energy/v1/acme/berlin/${stream}`,
  payload: Uint8Array.from([seq & 255, 0, 255, 10, 34]),
  end: 1_000 * (seq + 1),
});

const mark = ({ stream, seq, end }: SpoolMark): SpoolMark => ({ stream, seq, end });
/** Everything pending, whole, oldest first. */
export const contents = (spool: Spool) => spool.read(spool.pending());
const numbers = (spool: Spool) => spool.pending().map(({ stream, seq }) => `${stream}#${seq}`);

export function spoolBehaviour(name: string, harness: SpoolHarness): void {
  describe(`${name} spool`, () => {
    test('starts every stream at number 0 with no end', async () => {
      const spool = await harness.open();
      expect(spool.head('pv_power')).toEqual({ nextSeq: 0, end: undefined });
      await spool.close();
    });

    test('keeps what is pending in order, byte for byte, and forgets by number', async () => {
      const spool = await harness.open();
      await spool.append([entry('pv_power', 0), entry('load_power', 0)]);
      await spool.append([entry('pv_power', 1)]);
      expect(await contents(spool)).toEqual([entry('pv_power', 0), entry('load_power', 0), entry('pv_power', 1)]);
      expect(spool.pending().map(mark)).toEqual([entry('pv_power', 0), entry('load_power', 0), entry('pv_power', 1)].map(mark));
      expect(spool.size().entries).toBe(3);
      expect(spool.forget('load_power', 0)).toBe(true);
      expect(spool.forget('load_power', 0)).toBe(false);
      expect(spool.forget('grid_power', 7)).toBe(false);
      expect(spool.size().entries).toBe(2);
      expect(await spool.read([mark(entry('load_power', 0)), mark(entry('pv_power', 1))])).toEqual([entry('pv_power', 1)]);
      expect(numbers(spool)).toEqual(['pv_power#0', 'pv_power#1']);
      expect(spool.head('load_power')).toEqual({ nextSeq: 1, end: 1_000 });
      await spool.close();
    });

    test('refuses a number that is not the next, and then keeps nothing of the call', async () => {
      const spool = await harness.open();
      await spool.append([entry('pv_power', 0)]);
      await expect(spool.append([entry('load_power', 0), entry('pv_power', 2)])).rejects.toThrow(RangeError);
      await expect(spool.append([entry('pv_power', 0)])).rejects.toThrow(RangeError);
      expect(numbers(spool)).toEqual(['pv_power#0']);
      await spool.append([entry('load_power', 0), entry('pv_power', 1)]);
      expect(numbers(spool)).toEqual(['pv_power#0', 'load_power#0', 'pv_power#1']);
      await spool.close();
    });

    // memory has nothing to come back to
    if (harness.reopen)
      test('is the same after a restart, whatever was appended and forgotten', async () => {
        const reopen = harness.reopen as NonNullable<SpoolHarness['reopen']>;
        const step = fc.oneof(
          fc.record({
            kind: fc.constant('append' as const),
            stream: fc.constantFrom('pv_power', 'load_power'),
            count: fc.integer({ min: 1, max: 4 }),
          }),
          fc.record({ kind: fc.constant('forget' as const), stream: fc.constantFrom('pv_power', 'load_power'), seq: fc.nat(8) }),
          fc.record({ kind: fc.constant('reopen' as const) }),
        );
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
            let spool = await harness.open();
            const model = new Map<string, SpoolEntry>();
            const next = new Map<string, number>();
            for (const each of [...steps, { kind: 'reopen' as const }]) {
              if (each.kind === 'reopen') {
                await spool.close();
                spool = await reopen(spool);
              } else if (each.kind === 'forget') {
                spool.forget(each.stream, each.seq);
                model.delete(`${each.stream}#${each.seq}`);
              } else {
                const from = next.get(each.stream) ?? 0;
                const added = Array.from({ length: each.count }, (_, i) => entry(each.stream, from + i));
                await spool.append(added);
                next.set(each.stream, from + each.count);
                for (const one of added) model.set(`${one.stream}#${one.seq}`, one);
              }
              expect(await contents(spool)).toEqual([...model.values()]);
              for (const [stream, nextSeq] of next) expect(spool.head(stream)).toEqual({ nextSeq, end: 1_000 * nextSeq });
            }
            await spool.close();
          }),
          { numRuns: 40 },
        );
      });
  });
}
