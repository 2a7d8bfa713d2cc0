/**
 * Key registry: the keys of every site as its owner's statements leave them, kept and applied live.
 *
 * Checks that a statement is the owner's and follows the last one, keeps it, and only then lets it count. The verifier
 * asks it through `MeterKeys`. The first key of a site is its file's.
 */
import type { Clock } from '../../../units/clock.ts';
import type { Instant } from '../../../units/time.ts';
import type { Site } from '../../site.ts';
import { knownMax, type MeterKeys } from '../meter-keys.ts';
import { applied, firstHistory, type KeyHistory, type KeyRefusal, validAt } from './key-history.ts';
import type { KeyStatement, SignerOf } from './key-statement.ts';
import type { KeyStore } from './key-store.ts';

export interface KeyRegistryPorts {
  readonly sites: readonly Site[];
  readonly store: KeyStore;
  readonly signerOf: SignerOf;
  readonly clock: Clock;
  /** Told of statements that count, and of kept ones that no longer do because the site file says otherwise. */
  readonly tell: (text: string) => void;
}

export type Registered =
  | { readonly kind: 'registered'; readonly history: KeyHistory }
  | { readonly kind: 'refused'; readonly reason: KeyRefusal | 'unknown-site' | 'not-the-owner'; readonly detail: string };

export interface KeyRegistry extends MeterKeys {
  /** Resolves when the statement is kept and counts, or is refused. @throws the store's faults; nothing counts then */
  register(statement: Omit<KeyStatement, 'provider'>, signature: string): Promise<Registered>;
  /** `undefined` of a site that is not enrolled. */
  historyOf(site: string): KeyHistory | undefined;
}

/** Whose word counts for a site's keys: its owner's, who is paid unless another is named. */
export const ownerOf = ({ owner, payoutAccount }: Site): string => owner ?? payoutAccount;

/** Loads what was kept; a site's statements count from here on as they come. */
export async function openKeyRegistry({ sites, store, signerOf, clock, tell }: KeyRegistryPorts): Promise<KeyRegistry> {
  const siteById = new Map(sites.map((site) => [site.id, site]));
  let histories = new Map<string, KeyHistory>();
  const load = async () => {
    const fresh = new Map(sites.map(({ id, meterKey }) => [id, firstHistory(meterKey)]));
    for (const statement of await store.statements()) {
      const history = fresh.get(statement.site);
      if (!history) continue; // the site was struck off; should it return, its keys do
      const verdict = applied(history, statement, statement.acceptedAt);
      if (verdict.kind === 'refused') tell(`${statement.site}: statement ${statement.nonce} no longer counts: ${verdict.detail}`);
      fresh.set(statement.site, verdict.kind === 'applied' ? verdict.history : { ...history, nonce: statement.nonce });
    }
    histories = fresh;
  };
  await load();
  const historyOf = (site: string) => histories.get(site);

  async function register(told: Omit<KeyStatement, 'provider'>, signature: string): Promise<Registered> {
    const site = siteById.get(told.site);
    const history = historyOf(told.site);
    if (!site || !history) return { kind: 'refused', reason: 'unknown-site', detail: `no site ${told.site} is enrolled` };
    const now = clock.now();
    const verdict = applied(history, told, now);
    if (verdict.kind === 'refused') return verdict; // cheaper than a signature, and no secret
    const statement: KeyStatement = { ...told, provider: site.provider };
    const signer = signerOf(statement, signature);
    if (signer === undefined || signer.toLowerCase() !== ownerOf(site).toLowerCase())
      return { kind: 'refused', reason: 'not-the-owner', detail: `expected ${ownerOf(site)}, signed by ${signer ?? 'nobody'}` };
    if (!(await store.append({ ...statement, signature, signer, acceptedAt: now }))) {
      await load(); // another oracle on this store was first
      return { kind: 'refused', reason: 'nonce', detail: `nonce ${told.nonce} is taken; ask for the keys again` };
    }
    histories.set(site.id, verdict.history);
    tell(`${site.id}: the owner's statement ${told.nonce} counts: ${told.action} ${told.meterKey.slice(0, 8)}…`);
    return { kind: 'registered', history: verdict.history };
  }
  let last: Promise<unknown> = Promise.resolve();

  return {
    validAt: (site, at: Instant) => validAt(historyOf(site.id) ?? firstHistory(site.meterKey), at),
    known: (site) => {
      const keys = historyOf(site.id)?.keys ?? firstHistory(site.meterKey).keys;
      return keys.slice(-knownMax).map(({ meterKey }) => meterKey);
    },
    historyOf,
    register: (statement, signature) => {
      const registered = last.then(() => register(statement, signature)); // one after another: each follows the last
      last = registered.catch(() => undefined);
      return registered;
    },
  };
}
