/**
 * Setup: one seed for every property, so that a red run is red again. `SUNWARD_SEED=random` (or a number) looks elsewhere.
 */
import fc from 'fast-check';

const asked = process.env['SUNWARD_SEED'];
if (asked !== 'random') fc.configureGlobal({ seed: Number(asked ?? 2026) });
