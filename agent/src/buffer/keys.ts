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
 *
 * In place of a batch key there may stand `<batch key>.<first>-<end>`: a part of the batch, with these rows,
 * since the backend found it too large (core/batch-part.ts).
 *
 * These are the main output's. Those of a further output named `x` begin with `i@x/`, `a@x/` and so on
 * (`m/marks@x`): each output settles a batch for itself.
 */

export const PLAIN_FORMAT = 1;
export const SEALED_FORMAT = 2;

export const META_FORMAT = "m/format";
export const META_AGENT = "m/agent";
export const META_LEDGER = "m/ledger";
export const META_VAULT = "m/vault";

/** The output that `endpoint` names; further ones have names of their own. */
export const MAIN_OUTPUT = "";

export type EntryFamily = "i" | "a" | "d";

const ofOutput = (family: string, output: string): string => (output === MAIN_OUTPUT ? family : `${family}@${output}`);

export const marksKey = (output = MAIN_OUTPUT): string => ofOutput("m/marks", output);
export const entryKey = (family: EntryFamily, batchKey: string, output = MAIN_OUTPUT): string => `${ofOutput(family, output)}/${batchKey}`;
export const bodyKey = (batchKey: string, output = MAIN_OUTPUT): string => `${ofOutput("b", output)}/${batchKey}`;
export const markKey = (batchKey: string, output = MAIN_OUTPUT): string => `${ofOutput("o", output)}/${batchKey}`;
export const positionKey = (streamId: string): string => `p/${streamId}`;

/** Bounds of one family of keys: "0" is the character after "/". */
export const rangeOf = (family: EntryFamily | "p" | "b" | "o", output = MAIN_OUTPUT): { gt: string; lt: string } => ({ gt: `${ofOutput(family, output)}/`, lt: `${ofOutput(family, output)}0` });

/** The same of every output. */
export const rangesOfAll = (family: EntryFamily): { gt: string; lt: string }[] => [rangeOf(family), { gt: `${family}@`, lt: `${family}A` }];

/** The batch key in a key of any of these families. */
export const batchKeyIn = (key: string): string => key.slice(key.indexOf("/") + 1);

/** The output whose key it is. */
export const outputIn = (key: string): string => (key[1] === "@" ? key.slice(2, key.indexOf("/")) : MAIN_OUTPUT);
