/**
 * Key layout of the buffer's LevelDB (format 1; 2 when it is encrypted). One letter, a slash, then:
 *
 *   m/format   format version, decimal text
 *   m/agent    agent id, 16 hex digits
 *   m/ledger   the law of conservation as JSON (core/conservation.ts)
 *   m/vault    present when descriptions, bodies and positions are encrypted (vault.ts)
 *   m/marks    present while `o/` is kept up, that is, while a policy may drop batches
 *   p/<stream id>   position of a source, bytes that only the source understands
 *   i/<batch key>   a batch waiting to be acknowledged: crc32 and description (entry.ts)
 *   a/<batch key>   an acknowledged batch, kept for a while: the same, and what was acknowledged
 *   d/<batch key>   a dead letter: the same, and the reason
 *   o/<batch key>   the batch was handed to the sender, so it may be in the store: never dropped
 *   b/<batch key>   the body of any of the three, when it is small; large ones lie in segments/
 */

export const PLAIN_FORMAT = 1;
export const SEALED_FORMAT = 2;

export const META_FORMAT = "m/format";
export const META_AGENT = "m/agent";
export const META_LEDGER = "m/ledger";
export const META_VAULT = "m/vault";
export const META_MARKS = "m/marks";

export type EntryFamily = "i" | "a" | "d";

export const entryKey = (family: EntryFamily, batchKey: string): string => `${family}/${batchKey}`;
export const bodyKey = (batchKey: string): string => `b/${batchKey}`;
export const markKey = (batchKey: string): string => `o/${batchKey}`;
export const positionKey = (streamId: string): string => `p/${streamId}`;

/** Bounds of one family of keys: "0" is the character after "/". */
export const rangeOf = (family: EntryFamily | "p" | "b" | "o"): { gt: string; lt: string } => ({ gt: `${family}/`, lt: `${family}0` });
