/**
 * Entry text: the canonical text of an entry's body, read back.
 *
 * The text is what the hash covers, so it is what is stored and published; this is its inverse. Amounts of money
 * are found by their place in an entry, never by their look: an account may be called `5n` too.
 */
import type { Micros } from '../../units/quantity.ts';
import type { Posting } from './account.ts';
import type { Charge } from './charge.ts';
import { type Account, canonical, type EntryBody } from './entry.ts';

/** A body as JSON has it: amounts are text like `-25n`. */
type WrittenAccount<T extends Account> = Omit<T, 'energyCost'> & { readonly energyCost: string };
type WrittenCharge = { readonly [Part in keyof Charge]: Charge[Part] extends Micros ? string : Charge[Part] };
type WrittenBody = Omit<EntryBody, 'actual' | 'counterfactual' | 'charge' | 'postings'> & {
  readonly actual: WrittenAccount<EntryBody['actual']>;
  readonly counterfactual: WrittenAccount<EntryBody['counterfactual']>;
  readonly charge?: WrittenCharge;
  readonly postings: readonly (Omit<Posting, 'amount'> & { readonly amount: string })[];
};

const amountIn = (text: string): Micros => BigInt(text.slice(0, -1));

const chargeIn = ({ energy, computing, accelerators, surplus, take, ...agreed }: WrittenCharge): Charge => ({
  ...agreed,
  energy: amountIn(energy),
  computing: amountIn(computing),
  accelerators: amountIn(accelerators),
  surplus: amountIn(surplus),
  take: amountIn(take),
});

/** The body that `text` is the canonical text of, to the letter; `undefined` for any other text. Never throws. */
export function bodyOfText(text: string): EntryBody | undefined {
  try {
    const { actual, counterfactual, charge, postings, ...rest }: WrittenBody = JSON.parse(text);
    const body = {
      ...rest,
      actual: { ...actual, energyCost: amountIn(actual.energyCost) },
      counterfactual: { ...counterfactual, energyCost: amountIn(counterfactual.energyCost) },
      ...(charge && { charge: chargeIn(charge) }),
      postings: postings.map((posting) => ({ ...posting, amount: amountIn(posting.amount) })),
    };
    return canonical(body) === text ? body : undefined;
  } catch {
    return undefined; // whatever is wrong with the text, no body is written so
  }
}
