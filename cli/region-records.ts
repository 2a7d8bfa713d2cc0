/**
 * Region records: what is known of the public records of generation by source, by the name of their file.
 */
import { basename } from 'node:path';

interface KnownRegion {
  readonly timeZone: string;
  readonly priceZone?: string;
  /** A stamp ends its hour. */
  readonly isStampedAtEnd?: boolean;
}

const regions: Readonly<Record<string, KnownRegion>> = {
  CISO: { timeZone: 'America/Los_Angeles', priceZone: 'US-CAL-CISO' },
  ERCO: { timeZone: 'America/Chicago', priceZone: 'US-TEX-ERCO', isStampedAtEnd: true },
  PJM: { timeZone: 'America/New_York', priceZone: 'US-MIDA-PJM' },
  DE: { timeZone: 'Europe/Berlin', priceZone: 'DE-LU', isStampedAtEnd: true },
  ES: { timeZone: 'Europe/Madrid', priceZone: 'ES' },
  SE: { timeZone: 'Europe/Stockholm' },
};

export const knownRegions = Object.keys(regions);

/** A region's name by its file, and what is known of it. */
export function regionOf(file: string): { readonly name: string; readonly known: KnownRegion | undefined } {
  const name = basename(file).replace(/\.csv(\.gz)?$/, '');
  return { name, known: regions[name] };
}
