/** What is wrong with a statement, and where. */

import { ApiError } from "../../errors.ts";

/** A piece of the statement's text; offsets in UTF-16 code units, as JavaScript and JSON editors count. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** `message` ends without a stop; `hint` says what to do. */
export const sqlError = (message: string, { start, end }: Span, hint = ""): ApiError =>
  new ApiError("invalid_query", `${message} (at character ${start + 1}).${hint && ` ${hint}`}`, { details: { offset: start, length: Math.max(1, end - start), ...(hint && { hint }) } });
