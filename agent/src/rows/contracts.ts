/** What the three kinds of row (fast JSON, slow, plain text) share. */

import type { Detector, MaskCounts } from "../mask/index.ts";

export interface MaskOptions {
  /** Nothing is masked when false. */
  readonly enabled?: boolean;
  readonly detectors?: readonly Detector[];
}

/** Everything a block has seen since it was made; never reset. Plain numbers, in the row pass. */
export interface RowCounts {
  /** Lines taken, blank ones included: lines = records + filtered + joined + blank. */
  lines: number;
  records: number;
  blank: number;
  /** Lines joined to the record of another line. */
  joined: number;
  /** Records that a transform of the user's has dropped; they are not among `records`, and in no row. */
  filtered: number;
  /** Lines longer than the limit, cut there. */
  cut: number;
  /** Lines with bytes that are not UTF-8, replaced by U+FFFD. */
  invalidUtf8: number;
  /** Lines that hold a NUL byte. */
  nul: number;
  /** JSON lines that took the slow path. */
  slow: number;
  /** Lines that begin like a JSON object and are none; kept as text. */
  malformed: number;
  /** Values masked, by detector. */
  readonly masked: MaskCounts;
}

/** Fields a row starts from: those of its stream, or the defaults of a door. Ids of dictionaries. */
export interface RowDefaults {
  readonly service: number;
  readonly host: number;
  readonly environment: number;
  /** Attributes set on every row: key ids and texts. */
  readonly attributes: readonly { readonly key: number; readonly name: string; readonly text: string }[];
}
