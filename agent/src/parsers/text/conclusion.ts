/** What the beginning and the end of a sentence say about all of it. */

import { ABOUT_ACCESS } from "./fact-words.ts";

/** RFC 3463: reply code and enhanced status. */
const SMTP_REPLY = /(?:^|[: ])([245]\d\d) ([245]\.\d{1,3}\.\d{1,3})\b/;
/** Longer texts behind a colon are no reason but a story. */
const MAX_REASON = 120;
/** Pairs, objects, quotes, and a bracket that was opened before. */
const NOT_A_REASON = /[={}"]|^[^([]*[)\]]/;

const OUTCOME = /^(?:un)?(?:successful|failed|accepted|rejected|denied|invalid)\b/i;

export interface Conclusion {
  /** `Failed`, of a sentence about who may come in. */
  readonly outcome: string | undefined;
  readonly reply: RegExpExecArray | null;
  /** What follows the last colon: `login failed: no such user`. */
  readonly reason: string | undefined;
}

export const conclusionOf = (text: string): Conclusion => {
  const colon = text.lastIndexOf(": ");
  // Below it there may be a stack trace.
  const reason = colon < 0 ? "" : text.slice(colon + 2).split("\n", 1)[0]!.trim();
  const outcome = OUTCOME.exec(text)?.[0];
  return {
    outcome: outcome !== undefined && ABOUT_ACCESS.test(text) ? outcome : undefined,
    reply: SMTP_REPLY.exec(text),
    reason: reason.length > 0 && reason.length <= MAX_REASON && !NOT_A_REASON.test(reason) ? reason : undefined,
  };
};
