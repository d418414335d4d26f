/**
 * Positions of files whose lines come in envelopes. Lines of stdout and stderr may be mixed piece by
 * piece, so a batch can end where some lines behind an unfinished one are in it already. An offset
 * then names the clean place before (whole number) and how many lines behind it were handed on (its
 * fraction); what is stored is that offset, a space, and the follower's own bytes.
 */

import type { LineStream } from "../../core/contracts.ts";

/** More than the entries between two clean places; 2^12, so that offsets up to 2^41 stay exact. */
const PARTS = 4_096;

export const offsetWithin = (clean: number, lines: number): number => clean + lines / PARTS;

export interface Place {
  readonly clean: number;
  /** Lines behind `clean` that were handed on. */
  readonly lines: number;
}

export const placeOf = (offset: number): Place => {
  const clean = Math.floor(offset);
  return { clean, lines: Math.round((offset - clean) * PARTS) };
};

export const encodePlace = (stream: LineStream, offset: number): Uint8Array => 
  Buffer.concat([Buffer.from(`${offset} `), stream.encodePosition(placeOf(offset).clean)]);

/**
 * The follower's own view of stored positions: those of this source only, under the ids that it gave
 * them; and the places between two clean ones at which batches had ended.
 */
export const followerPositions = (positions: Iterable<readonly [string, Uint8Array]>, prefix: string): { readonly own: Map<string, Uint8Array>; readonly places: Map<string, Place> } => {
  const own = new Map<string, Uint8Array>();
  const places = new Map<string, Place>();
  for (const [id, bytes] of positions) {
    const space = bytes.indexOf(32);
    if (!id.startsWith(prefix) || space < 1) continue;
    const place = placeOf(Number(Buffer.from(bytes.subarray(0, space)).toString()));
    own.set(id.slice(prefix.length), bytes.subarray(space + 1));
    if (place.lines > 0) places.set(id.slice(prefix.length), place);
  }
  return { own, places };
};
