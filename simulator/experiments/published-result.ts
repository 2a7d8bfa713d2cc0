/**
 * Published result: one number that a paper prints, ours beside it, and whether they agree.
 *
 * Where a published number rests on an error it is reproduced twice: `compat` as it was computed, `strict` as it was
 * meant, with one sentence why they differ.
 */

export interface PublishedResult {
  /** What is measured, in the paper's words. */
  readonly what: string;
  readonly unit: string;
  readonly mode: 'compat' | 'strict';
  /** As printed, or as the released program computes it; `undefined` where only ours is known. */
  readonly theirs: number | undefined;
  readonly ours: number;
  /** Largest difference that still agrees: of the value, or of a part of it. */
  readonly tolerance: { readonly absolute: number } | { readonly relative: number };
  /** Why strict and compat differ, or why a number has no match. */
  readonly why?: string;
}

/** Ours − theirs, in the unit; `undefined` where there is nothing to compare. */
export const differenceOf = ({ theirs, ours }: PublishedResult): number | undefined => (theirs === undefined ? undefined : ours - theirs);

/** False when it differs by more than the tolerance; true where there is nothing to compare. */
export function agrees(result: PublishedResult): boolean {
  const difference = differenceOf(result);
  if (difference === undefined) return true;
  const { tolerance, theirs = 0 } = result;
  return Math.abs(difference) <= ('absolute' in tolerance ? tolerance.absolute : tolerance.relative * Math.abs(theirs));
}
