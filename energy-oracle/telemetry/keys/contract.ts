/**
 * Contract of meter keys: their HTTP routes in schemas, for the OpenAPI document. `http-key-api.ts` answers them.
 */
import { z } from 'zod';
import type { KeysWire } from './http-key-api.ts';
import { type KeyStatementWire, keyActions } from './key-statement.ts';

const stamp = z.iso.datetime();
const text = z.string();

const keys: z.ZodType<KeysWire> = z.object({
  site: text,
  provider: text,
  owner: text,
  nonce: z.int(),
  keys: z.array(
    z.object({
      meterKey: text,
      from: stamp.nullable(),
      until: stamp.nullable(),
      ended: z.enum(['rotated', 'revoked']).nullable(),
      valid: z.boolean(),
    }),
  ),
});
const statement: z.ZodType<KeyStatementWire> = z.object({
  action: z.enum(keyActions),
  meterKey: text.regex(/^[0-9a-f]{64}$/),
  from: stamp,
  nonce: z.int().positive(),
  signature: text.regex(/^0x[0-9a-f]{130}$/),
});
const refused = z.object({ error: text, detail: text, nonce: z.int() });

const shared = { path: '/v1/sites/{id}/keys', role: 'public', params: z.object({ id: text }) } as const;

export const keyRoutes = [
  { ...shared, method: 'get', summary: 'Keys of a site’s meter, and when each was valid', answers: { 200: keys } },
  {
    ...shared,
    method: 'post',
    summary: 'A statement of the owner, signed as EIP-712 typed data: whoever brings it, the signature counts',
    body: statement,
    answers: { 201: keys, 403: refused, 409: refused },
  },
];
