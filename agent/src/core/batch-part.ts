/**
 * Names of batches and of their parts. A batch that the backend finds too large is sent in parts: under
 * the same key, each with the ordinals of its rows (decision 0095). In the buffer a part is a batch of its
 * own, under `<batch key>.<first>-<end>`; that sorts behind its batch and before the next one.
 */

import type { RowRange } from "@obs/wire";

const PART = /^(.+)\.(\d{1,10})-(\d{1,10})$/;

export interface BatchName {
  /** `<agent>-<epoch>-<seq>` */
  readonly key: string;
  /** Set: only these rows of it. */
  readonly part?: RowRange | undefined;
}

/** Unique among what waits for one output. */
export const idOf = ({ key, part }: BatchName): string => (part ? `${key}.${part.first}-${part.end}` : key);

export const parseId = (id: string): BatchName => {
  const match = PART.exec(id);
  return match ? { key: match[1]!, part: { first: Number(match[2]), end: Number(match[3]) } } : { key: id };
};
