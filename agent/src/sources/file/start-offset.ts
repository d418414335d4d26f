import type { FileHandle } from "node:fs/promises";
import { firstLineEnd, lastLineEnd, LONGEST_MARK, recogniseEncoding, unitBytes, type Encoding } from "./encoding.ts";
import { readAt, type FileFacts } from "./identity.ts";
import type { FileSourceOptions } from "./options.ts";

/** Of a recently changed file that nobody has read yet, this much is taken at the first start. */
const RECENT_BYTES = 1024 * 1024;
const SEARCH_BYTES = 64 * 1024;

/** Index after the next line end at or behind `from`; the size when there is none. */
const nextLineStart = async (handle: FileHandle, from: number, size: number, encoding: Encoding): Promise<number> => {
  for (let at = from; at < size; at += SEARCH_BYTES) {
    const chunk = await readAt(handle, at, Math.min(SEARCH_BYTES, size - at));
    const end = firstLineEnd(chunk, encoding);
    if (end !== -1) return at + end;
    if (chunk.length < SEARCH_BYTES) break;
  }
  return size;
};

/** Where to begin a file that was there before obs was: the option `readFrom`, see options.ts. */
export const startOffset = async (
  handle: FileHandle,
  facts: FileFacts,
  { readFrom, encoding: option }: Pick<FileSourceOptions, "readFrom" | "encoding">,
  nowMs: number,
): Promise<number> => {
  if (readFrom === "beginning" || facts.size === 0) return 0;
  const encoding = recogniseEncoding(await readAt(handle, 0, LONGEST_MARK), option)?.encoding ?? "utf-8";
  // At the end means behind the last whole line: the one being written belongs to the future.
  if (readFrom === "end" || nowMs - facts.modifiedMs > readFrom) return lastLineStart(handle, facts.size, encoding);
  // From one unit before, so that a line that begins exactly there is not skipped.
  return facts.size <= RECENT_BYTES ? 0 : nextLineStart(handle, wholeUnits(facts.size - RECENT_BYTES, encoding) - unitBytes(encoding), facts.size, encoding);
};

const lastLineStart = async (handle: FileHandle, size: number, encoding: Encoding): Promise<number> => {
  const from = wholeUnits(Math.max(0, size - RECENT_BYTES), encoding);
  const end = lastLineEnd(await readAt(handle, from, size - from), encoding);
  if (end === -1) return from === 0 ? 0 : wholeUnits(size, encoding);
  return from + end;
};

const wholeUnits = (bytes: number, encoding: Encoding): number => bytes - (bytes % unitBytes(encoding));
