/**
 * Terms: what computing costs by the kWh and what surplus earns; what is scarce has its clearing price beside it.
 *
 * One place, so that the live and the virtual river pay alike. Money in millionths of the accounting currency; one
 * token is one unit of it.
 */
import type { Tariff } from './ledger/charge.ts';
import type { RewardRule } from './settlement/entitlement.ts';

/** 0.30 per kWh of metered work, of which the protocol takes 5 %. */
export const tariff: Tariff = { computeMicrosPerKwh: 300_000n, takePerMille: 50n };

/** 0.01 per certified kWh, and never more than nine tenths of the take on the same job (law 5). */
export const reward: RewardRule = { unitsPerWh: 10n, ofTakePerMille: 900n };
