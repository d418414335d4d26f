/** One line of a container's log file, as its envelope describes it. */

export const STDOUT = 0;
export const STDERR = 1;
/** A line that is no envelope. */
export const NO_SIDE = 2;
export type Side = typeof STDOUT | typeof STDERR | typeof NO_SIDE;

/** Filled by the reader of an envelope, one line after the other. */
export interface Entry {
  side: Side;
  /** The text inside the envelope: a range of the bytes that were read ... */
  from: number;
  to: number;
  /** ... in which JSON escapes are to be resolved ... */
  escaped: boolean;
  /** ... or, for odd envelopes, the text itself. */
  text: string | undefined;
  /** The line goes on in the next entry of its side. */
  partial: boolean;
  /** Since 1970; -1 = the envelope has no time. */
  seconds: number;
  nanoseconds: number;
}

export const newEntry = (): Entry => ({ side: NO_SIDE, from: 0, to: 0, escaped: false, text: undefined, partial: false, seconds: -1, nanoseconds: 0 });
