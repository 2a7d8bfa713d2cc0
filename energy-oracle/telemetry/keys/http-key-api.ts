/**
 * Keys over HTTP: `GET` and `POST /v1/sites/:id/keys`. Whoever posts, it is the owner's signature that counts.
 */
import { json, Router } from 'express';
import type { Clock } from '../../../units/clock.ts';
import { type Instant, toIso } from '../../../units/time.ts';
import type { Site } from '../../site.ts';
import { type KeyRegistry, ownerOf } from './key-registry.ts';
import { readStatement } from './key-statement.ts';

/** Largest body of a statement, bytes; one has about 350. */
const bodyBytesMax = 2_048;

/** The keys of a site on the wire; instants in ISO 8601, `null` where there is no bound. */
export interface KeysWire {
  readonly site: string;
  readonly provider: string;
  /** Account whose statements count. */
  readonly owner: string;
  /** Of the next statement. */
  readonly nonce: number;
  /** Oldest first. */
  readonly keys: readonly {
    readonly meterKey: string;
    readonly from: string | null;
    readonly until: string | null;
    readonly ended: 'rotated' | 'revoked' | null;
    readonly valid: boolean;
  }[];
}

const isoOrNull = (instant: Instant | undefined) => (instant === undefined || !Number.isFinite(instant) ? null : toIso(instant));

export function keyApi({ clock, sites, registry }: { clock: Clock; sites: readonly Site[]; registry: KeyRegistry }): Router {
  const api = Router();
  const path = '/v1/sites/:id/keys';
  const siteOf = (id: unknown) => sites.find((site) => site.id === id);
  const keysWire = (site: Site): KeysWire => {
    const { keys = [], nonce = 0 } = registry.historyOf(site.id) ?? {};
    const valid = registry.validAt(site, clock.now());
    return {
      site: site.id,
      provider: site.provider,
      owner: ownerOf(site),
      nonce: nonce + 1,
      keys: keys.map(({ meterKey, from, until, ended }) => ({
        meterKey,
        from: isoOrNull(from),
        until: isoOrNull(until),
        ended: ended ?? null,
        valid: meterKey === valid,
      })),
    };
  };
  const unknown = (id: unknown) => ({
    error: 'not-found',
    detail: `no site ${String(id)}; sites: ${sites.map((site) => site.id).join(', ')}`,
  });
  api.get(path, (request, response) => {
    const site = siteOf(request.params['id']);
    if (site) response.json(keysWire(site));
    else response.status(404).json(unknown(request.params['id']));
  });
  api.post(path, json({ limit: bodyBytesMax }), async (request, response) => {
    const site = siteOf(request.params['id']);
    if (!site) return void response.status(404).json(unknown(request.params['id']));
    const told = readStatement(request.body);
    if (typeof told === 'string') return void response.status(400).json({ error: 'bad-request', detail: told });
    const { signature, ...statement } = told;
    const outcome = await registry.register({ ...statement, site: site.id }, signature);
    if (outcome.kind === 'registered') return void response.status(201).json(keysWire(site));
    const status = outcome.reason === 'not-the-owner' ? 403 : 409;
    response.status(status).json({ error: outcome.reason, detail: outcome.detail, nonce: keysWire(site).nonce });
  });
  return api;
}
