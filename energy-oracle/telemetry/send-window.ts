/**
 * Send window: how many messages may be without a receipt at once, learned from the receipts.
 *
 * It opens by every receipt and halves in every round without any, as TCP's does (RFC 5681, slow start). So a thousand
 * sites that come back after a week do not all pour their spools out at once, and an oracle that is down is asked
 * quietly.
 */
export interface SendWindow {
  size(): number;
  /** @param receipts  entries that a receipt has named */
  answered(receipts: number): void;
  /** A round of waiting is over; entries were due for a receipt. */
  roundOver(): void;
}

export interface WindowLimits {
  /** Never fewer than so many, at least 1. */
  readonly min: number;
  readonly max: number;
}

/** No limit at all: for senders that are in step with their receipts. */
export const noLimits: WindowLimits = { min: Number.POSITIVE_INFINITY, max: Number.POSITIVE_INFINITY };

export function createSendWindow({ min, max }: WindowLimits): SendWindow {
  let size = min;
  let heardThisRound = false;
  return {
    size: () => size,
    answered: (receipts) => {
      heardThisRound = true;
      size = Math.min(max, size + receipts);
    },
    roundOver: () => {
      if (!heardThisRound) size = Math.max(min, Math.floor(size / 2));
      heardThisRound = false;
    },
  };
}
