/** Why one item of a request was refused while others may have been taken. A closed set. */

export const ITEM_ERRORS = {
  invalid_item: "A field of the item is missing, unknown, of the wrong type or out of range; the message names it.",
  too_old: "Its timestamp is older than the tenant's retention.",
  too_new: "Its timestamp is further ahead of the server's clock than the tenant's policy allows.",
} as const;

export type ItemErrorCode = keyof typeof ITEM_ERRORS;

export interface ItemError {
  /** Position in the request's list, from 0. */
  readonly index: number;
  readonly code: ItemErrorCode;
  readonly message: string;
}

/** Thrown while one item is read; the door turns it into an ItemError and goes on. */
export class RefusedItem extends Error {
  readonly code: ItemErrorCode;

  constructor(code: ItemErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Reads every item on its own: what was accepted, and why the rest was not. */
export const readItems = <I, T>(items: readonly I[], read: (item: I) => T): { accepted: T[]; errors: ItemError[] } => {
  const accepted: T[] = [];
  const errors: ItemError[] = [];
  for (const [index, item] of items.entries()) {
    try {
      accepted.push(read(item));
    } catch (refusal) {
      if (!(refusal instanceof RefusedItem)) throw refusal;
      errors.push({ index, code: refusal.code, message: refusal.message });
    }
  }
  return { accepted, errors };
};
