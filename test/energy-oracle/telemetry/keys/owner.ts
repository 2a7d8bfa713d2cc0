/** An owner's wallet and the statements it signs, for tests. The key is anvil's well-known first one. */
import { createOwnerWallet } from '../../../../energy-oracle/telemetry/keys/ethers-owner-wallet.ts';
import type { KeyStatement } from '../../../../energy-oracle/telemetry/keys/key-statement.ts';
import { SLOT } from '../../../../units/time.ts';
import { keyOf, noon, siteOf } from '../messages.ts';

export const ownerKey = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
export const owner = createOwnerWallet(ownerKey);
export const stranger = createOwnerWallet(`0x${'11'.repeat(32)}`);
/** Site 0, owned by `owner` though another is paid. */
export const ownedSite = { ...siteOf(0), owner: owner.address.toLowerCase() };

export const statementOf = (change: Partial<KeyStatement> = {}): KeyStatement => ({
  action: 'rotate',
  provider: ownedSite.provider,
  site: ownedSite.id,
  meterKey: keyOf(50).publicKey,
  from: noon + SLOT,
  nonce: 1,
  ...change,
});
