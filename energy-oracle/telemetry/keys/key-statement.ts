/**
 * Key statement: what the owner of a site says of its meter's keys, as EIP-712 typed data.
 *
 * Owns the fields, what a wallet shows and signs, and the check of what came over a wire. Who signed is told by a port
 * (`SignerOf`), for curves and hashes of wallets are an adapter's. A statement names its site and carries a number.
 */
import { z } from 'zod';
import { type Instant, parseInstant, SECOND, SLOT, toIso } from '../../../units/time.ts';

/** The first key after none; another key instead of the one in force; an end of a key. */
export const keyActions = ['enrol', 'rotate', 'revoke'] as const;
export type KeyAction = (typeof keyActions)[number];

export interface KeyStatement {
  readonly action: KeyAction;
  readonly provider: string;
  readonly site: string;
  /** Ed25519 public key that is enrolled, rotated to, or revoked: 32 raw bytes in hex. */
  readonly meterKey: string;
  /** Start of the slot from which it holds. */
  readonly from: Instant;
  /** 1 for the first statement of a site, then one more each: an old statement cannot be told again. */
  readonly nonce: number;
}

/** Who signed the statement: the wallet's address, 0x-prefixed; `undefined` when the signature is malformed. */
export type SignerOf = (statement: KeyStatement, signature: string) => string | undefined;

/** EIP-712 domain. No chain: keys of meters are the same on every one. */
export const keyDomain = { name: 'Sunward meter keys', version: '1' };

/** EIP-712 types of the one primary type; `from` is in seconds since 1970. */
export const keyTypes = {
  MeterKeyStatement: [
    { name: 'action', type: 'string' },
    { name: 'provider', type: 'string' },
    { name: 'site', type: 'string' },
    { name: 'meterKey', type: 'bytes32' },
    { name: 'from', type: 'uint64' },
    { name: 'nonce', type: 'uint64' },
  ],
};

/** The message that is signed under `keyTypes`. */
export const typedMessage = ({ meterKey, from, ...rest }: KeyStatement) => ({ ...rest, meterKey: `0x${meterKey}`, from: from / SECOND });

const wire = z.strictObject({
  action: z.enum(keyActions),
  meterKey: z.string().regex(/^[0-9a-f]{64}$/, '32 bytes in hex, lower case'),
  from: z
    .string()
    .max(32)
    .transform((text, context) => {
      const from = parseInstant(text);
      if (from !== undefined && from >= 0 && from % SLOT === 0) return from;
      context.addIssue({ code: 'custom', message: `the start of a quarter hour of UTC, such as 2026-06-21T12:15:00Z; found ${text}` });
      return z.NEVER;
    }),
  nonce: z.int().positive(),
  signature: z.string().regex(/^0x[0-9a-f]{130}$/, '65 bytes in hex, lower case, 0x-prefixed'),
});

/** A statement as it is posted: the site stands in the path. */
export type KeyStatementWire = z.input<typeof wire>;

/** Reads what was posted; a text says what is wrong with which field. */
export function readStatement(body: unknown): (Omit<KeyStatement, 'provider' | 'site'> & { readonly signature: string }) | string {
  const parsed = wire.safeParse(body);
  return parsed.success ? parsed.data : z.prettifyError(parsed.error);
}

/** The statement as it is posted. */
export const statementWire = ({ action, meterKey, from, nonce }: KeyStatement, signature: string): KeyStatementWire => ({
  action,
  meterKey,
  from: toIso(from),
  nonce,
  signature,
});
