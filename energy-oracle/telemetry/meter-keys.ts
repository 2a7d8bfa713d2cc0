/**
 * Meter keys: which key of a site is valid when, as the verifier asks for it.
 *
 * The port between verification and enrolment. `keyOfSiteFile` is the reference: one key a site, for ever. Owners that
 * rotate and revoke keys are heard by `keys/key-registry.ts`.
 */
import type { Instant } from '../../units/time.ts';
import type { Site } from '../site.ts';

export interface MeterKeys {
  /** The key (hex) whose word counts for what a site metered then; `undefined` when none does. */
  validAt(site: Site, at: Instant): string | undefined;
  /** The newest keys that the site ever had, to tell a revoked key's word from a stranger's: at most `knownMax`. */
  known(site: Site): readonly string[];
}

/** A signature is tried against so many keys of its site at most: it bounds what a forger can make us compute. */
export const knownMax = 4;

/** The key of the site file, for ever. */
export const keyOfSiteFile: MeterKeys = {
  validAt: ({ meterKey }) => meterKey,
  known: ({ meterKey }) => [meterKey],
};
