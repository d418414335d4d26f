/** Opens what the sink recorded: rows out must be rows in. */

import { closeSync, openSync, readSync } from "node:fs";
import { decodeNative } from "@obs/wire";
import { decompress } from "../../../agent/src/codec/zstd.ts";
import type { RowCheck } from "../work/row-checks.ts";
import type { BodyHead } from "./protocol.ts";

export interface BodyCounts {
  /** Distinct rows of logs: a batch that was sent twice counts once. */
  readonly rows: number;
  readonly rawBytes: number;
}

/** Every row of logs is shown to the check, once. */
export const countBodies = (file: string, check: RowCheck): BodyCounts => {
  const counts = { rows: 0, rawBytes: 0 };
  const seen = new Set<string>();
  for (const { head, body } of readBodies(file)) {
    if (head.stream !== "logs" || seen.has(head.batch)) continue;
    seen.add(head.batch);
    const raw = decompress(body, head.rawBytes);
    counts.rawBytes += raw.length;
    for (const { rows, columns } of decodeNative(raw)) {
      counts.rows += rows;
      check.look(rows, columns);
    }
  }
  return counts;
};

/** Walks the recording; a torn end, as a sink that was stopped leaves it, ends the walk. */
function* readBodies(file: string): Generator<{ head: BodyHead; body: Buffer }> {
  const descriptor = openSync(file, "r");
  const read = (bytes: number): Buffer | undefined => {
    const buffer = Buffer.allocUnsafe(bytes);
    return readSync(descriptor, buffer, 0, bytes, null) === bytes ? buffer : undefined;
  };
  const readSized = (): Buffer | undefined => {
    const size = read(4);
    return size && read(size.readUInt32LE(0));
  };
  try {
    for (;;) {
      const head = readSized();
      const body = head && readSized();
      if (!body) return;
      yield { head: JSON.parse(head.toString("utf8")) as BodyHead, body };
    }
  } finally {
    closeSync(descriptor);
  }
}
