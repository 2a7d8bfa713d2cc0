/**
 * Foreknown: signatures that are checked on other threads while a message waits for its turn.
 *
 * A signature costs more than all other rules together, and is the only rule that needs nothing but the message. What
 * was found ahead is told once; what was not is checked on the spot, so the answer never depends on who was faster.
 */
import { checkSignature, isSignedBy } from '../site.ts';

export interface Foreknown {
  /** Begins the check; resolves when the answer is known. */
  check(publicKey: string, text: string, signature: string): Promise<void>;
  /** True when the key signed the text. */
  isSigned(publicKey: string, text: string, signature: string): boolean;
}

/** Answers that nobody asked for yet; beyond it all are forgotten, and checked again when they are asked for. */
const answersMax = 50_000;

export function createForeknown(): Foreknown {
  const answers = new Map<string, { readonly publicKey: string; readonly text: string; readonly signed: boolean }>();
  return {
    check: async (publicKey, text, signature) => {
      const signed = await checkSignature(publicKey, text, signature);
      if (answers.size >= answersMax) answers.clear();
      answers.set(signature, { publicKey, text, signed });
    },
    isSigned: (publicKey, text, signature) => {
      const answer = answers.get(signature);
      if (answer?.publicKey !== publicKey || answer.text !== text) return isSignedBy(publicKey, text, signature);
      answers.delete(signature);
      return answer.signed;
    },
  };
}
