import type { FileHandle } from "node:fs/promises";
import { readAt, type FileFacts } from "./identity.ts";
import type { FileSourceOptions } from "./options.ts";

/** Of a recently changed file that nobody has read yet, this much is taken at the first start. */
const RECENT_BYTES = 1024 * 1024;
const SEARCH_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Index after the next line end at or behind `from`; the size when there is none. */
const nextLineStart = async (handle: FileHandle, from: number, size: number): Promise<number> => {
  for (let at = from; at < size; at += SEARCH_BYTES) {
    const chunk = await readAt(handle, at, Math.min(SEARCH_BYTES, size - at));
    const newline = chunk.indexOf(NEWLINE);
    if (newline !== -1) return at + newline + 1;
    if (chunk.length < SEARCH_BYTES) break;
  }
  return size;
};

/** Where to begin a file that was there before obs was: the option `readFrom`, see options.ts. */
export const startOffset = async (
  handle: FileHandle,
  facts: FileFacts,
  readFrom: FileSourceOptions["readFrom"],
  nowMs: number,
): Promise<number> => {
  if (readFrom === "beginning" || facts.size === 0) return 0;
  // At the end means behind the last whole line: the one being written belongs to the future.
  if (readFrom === "end" || nowMs - facts.modifiedMs > readFrom) return lastLineStart(handle, facts.size);
  // From one byte before, so that a line that begins exactly there is not skipped.
  return facts.size <= RECENT_BYTES ? 0 : nextLineStart(handle, facts.size - RECENT_BYTES - 1, facts.size);
};

const lastLineStart = async (handle: FileHandle, size: number): Promise<number> => {
  const from = Math.max(0, size - RECENT_BYTES);
  const newline = (await readAt(handle, from, size - from)).lastIndexOf(NEWLINE);
  if (newline === -1) return from === 0 ? 0 : size;
  return from + newline + 1;
};
