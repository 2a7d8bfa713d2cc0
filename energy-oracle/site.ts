/**
 * Site: a place with panels, accelerators, a meter and a grid connection, and how its word is checked.
 *
 * One of the two pages of the oracle that the scheduler may read (the other is `outlook.ts`). A site speaks by
 * Ed25519 signatures of its meter's key over domain-tagged text; who the key belongs to is settled at enrolment.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { KilowattHours, Kilowatts, PricePerMegawattHour } from '../units/quantity.ts';
import type { DurationMs } from '../units/time.ts';

export interface Accelerator {
  readonly model: string;
  readonly count: number;
  /** Draw of one at full load, kW at the plug of the accelerator (before PUE). */
  readonly drawKw: Kilowatts;
}

export interface PvArray {
  readonly peakKw: Kilowatts;
  /** Degrees from horizontal, 0 to 90; of panels that follow the sun how far they turn to either side. */
  readonly tiltDeg: number;
  /** Degrees clockwise from north, 180 faces south; of panels that follow the sun where their axis points. */
  readonly azimuthDeg: number;
  /** Absent: they stand as they are. `single-axis`: they follow the sun from one side of a level axis to the other. */
  readonly tracking?: 'single-axis' | undefined;
}

/** A battery behind the meter of its site, as its nameplate says. */
export interface Battery {
  /** Energy it can give from full to empty at no power, kWh > 0. */
  readonly capacityKwh: KilowattHours;
  /** Most that it charges or discharges with, kW > 0, at its connection to the site. */
  readonly powerKw: Kilowatts;
  /** Energy out ÷ energy in over a whole cycle, both at that connection, in (0, 1]. */
  readonly roundTripEfficiency: number;
}

/** On which terms a provider lets its accelerators. */
export interface SiteOffer {
  /** Asked for an accelerator that is held, accounting currency per hour ≥ 0, beside its energy. */
  readonly askPerAcceleratorHour: number;
  /** So long before accelerators are taken back the job is told; 0 means without a word. */
  readonly noticeMs: DurationMs;
  /** Kept to the end of the run; taken back after the notice; taken back at any time. */
  readonly firmness: 'firm' | 'reclaimable' | 'opportunistic';
}

export interface Site {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  /** Price and carbon zone, Electricity Maps' naming. */
  readonly zone: string;
  readonly latitude: number;
  readonly longitude: number;
  /** Above the sea, m; 1,000 unless told. Thin air lets more light through. */
  readonly altitudeM?: number | undefined;
  readonly accelerators: readonly Accelerator[];
  /** Draw of one powered but idle accelerator, kW; charged to the job that keeps it from sleeping. */
  readonly idleKw: Kilowatts;
  /** Power usage effectiveness, ≥ 1. */
  readonly pue: number;
  readonly pv: readonly PvArray[];
  /** Absent: none. A site that has one must meter it: what it charges is no surplus. */
  readonly battery?: Battery | undefined;
  /** Most that may flow to the grid, kW; what exceeds it is curtailed. */
  readonly exportLimitKw: Kilowatts;
  /** Paid for exported energy, accounting currency per MWh; the opportunity price of exportable surplus. */
  readonly feedInTariff: PricePerMegawattHour;
  /** The meter's first Ed25519 public key, 32 raw bytes in hex; later ones are its owner's to tell. */
  readonly meterKey: string;
  /** EVM account that this provider's entitlements are paid to, 0x-prefixed. */
  readonly payoutAccount: string;
  /** EVM account whose statements enrol, rotate and revoke the meter's keys; absent: `payoutAccount`. */
  readonly owner?: string | undefined;
  /** Absent: firm, and nothing asked beside the energy. */
  readonly offer?: SiteOffer | undefined;
}

/** DER header of an Ed25519 public key (RFC 8410); 32 raw bytes follow. */
const spkiHeader = Buffer.from('302a300506032b6570032100', 'hex');
/** DER header of an Ed25519 private key (RFC 8410); the 32-byte seed follows. */
const pkcs8Header = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A key that signs; made from a 32-byte seed so that a simulated meter is repeatable and a real one is random. */
export interface SigningKey {
  /** 32 raw bytes in hex. */
  readonly publicKey: string;
  /** Ed25519 signature in base64. */
  sign(text: string): string;
}

export function signingKey(seed: Uint8Array): SigningKey {
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Header, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(spkiHeader.length).toString('hex');
  return { publicKey, sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64') };
}

const keys = new Map<string, KeyObject>(); // parsing a key costs more than half a verification
const KEYS_MAX = 10_000;

/** The parsed key and the raw signature; `undefined` for anything malformed, which is simply not that key's word. */
function parsed(publicKey: string, signature: string): { readonly key: KeyObject; readonly bytes: Buffer } | undefined {
  try {
    let key = keys.get(publicKey);
    if (!key) {
      key = createPublicKey({ key: Buffer.concat([spkiHeader, Buffer.from(publicKey, 'hex')]), format: 'der', type: 'spki' });
      if (keys.size >= KEYS_MAX) keys.clear();
      keys.set(publicKey, key);
    }
    const bytes = Buffer.from(signature, 'base64');
    return bytes.length === 64 && bytes.toString('base64') === signature ? { key, bytes } : undefined;
  } catch {
    return undefined;
  }
}

/** True when `signature` (base64) over `text` was made by the key; false for anything malformed. Never throws. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  const given = parsed(publicKey, signature);
  try {
    return given !== undefined && verify(null, Buffer.from(text), given.key, given.bytes);
  } catch {
    return false; // a point that is not on the curve
  }
}

/** As `isSignedBy`, on another thread; never rejects. */
export function checkSignature(publicKey: string, text: string, signature: string): Promise<boolean> {
  const given = parsed(publicKey, signature);
  if (!given) return Promise.resolve(false);
  return new Promise((resolve) => {
    try {
      verify(null, Buffer.from(text), given.key, given.bytes, (fault, valid) => resolve(!fault && valid));
    } catch {
      resolve(false);
    }
  });
}
