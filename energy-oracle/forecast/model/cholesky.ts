/**
 * Cholesky: the one solver of small symmetric positive definite systems, for the ridge, the local regressions and the clock.
 *
 * What a vanishing pivot means is the caller's: a penalty that is too small, or a driver that has not moved yet.
 */

/**
 * Solves A·x = b in place: A by its lower triangle, row-major, is overwritten by its factor, b by x. O(n³), allocates nothing.
 *
 * @param pivotOf  what to go on with where `rest` is left of the i-th diagonal: > 0, or it throws
 */
export function solveCholesky(a: Float64Array, b: Float64Array, pivotOf: (rest: number, i: number) => number): void {
  const size = b.length;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = a[i * size + j] as number;
      for (let k = 0; k < j; k++) rest -= (a[i * size + k] as number) * (a[j * size + k] as number);
      a[i * size + j] = i === j ? Math.sqrt(pivotOf(rest, i)) : rest / (a[j * size + j] as number);
    }
  }
  for (let i = 0; i < size; i++) {
    let rest = b[i] as number;
    for (let k = 0; k < i; k++) rest -= (a[i * size + k] as number) * (b[k] as number);
    b[i] = rest / (a[i * size + i] as number);
  }
  for (let i = size - 1; i >= 0; i--) {
    let rest = b[i] as number;
    for (let k = i + 1; k < size; k++) rest -= (a[k * size + i] as number) * (b[k] as number);
    b[i] = rest / (a[i * size + i] as number);
  }
}
