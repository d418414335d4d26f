/**
 * The data of works w1 and w2, made without Python and held equal to gen_app.py's by sha256.
 *
 *   node bench/src/work-data.ts -- --mb 64 --out app.log --json
 */

import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "./tool/run-tool.ts";
import { ApplicationLog } from "./work/application-log.ts";
import type { SensitiveCounts } from "./work/application-log.ts";

/** sha256 of what `gen_app.py OUT <MB>` wrote (CPython 3.11, seed 20240607), by MB. */
export const KNOWN_SHA256: Readonly<Record<number, string>> = {
  1: "fb8e0976758cf781970fac7431f664fc682ba096534b9942b73aba6ec386f810",
  64: "1ce16b5c7f69f4b32e21b19251a75a5a0409d715efefcace1ba66aaaed10dba6",
  512: "941150a96c1467392aa344e8cf9f77223c082738cf363c749ac6b2db6596671d",
};

const CHUNK_CHARACTERS = 1 << 20;

export interface WorkData {
  readonly lines: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Values a masker must find, by detector. */
  readonly sensitive: SensitiveCounts;
}

/** Hands the lines of the first `megabytes` MiB (and the line that crosses it) to `write`, in chunks. */
export const generateWork = (megabytes: number, write: (chunk: Buffer) => void): WorkData => {
  const target = Math.trunc(megabytes * 1048576);
  const log = new ApplicationLog();
  const hash = createHash("sha256");
  let lines = 0;
  let bytes = 0;
  let pending = "";
  const flush = (): void => {
    const chunk = Buffer.from(pending, "latin1");
    hash.update(chunk);
    write(chunk);
    pending = "";
  };
  while (bytes < target) {
    const line = log.nextLine();
    pending += line;
    bytes += line.length;
    lines++;
    if (pending.length >= CHUNK_CHARACTERS) flush();
  }
  flush();
  return { lines, bytes, sha256: hash.digest("hex"), sensitive: log.sensitive };
};

/** Writes the work to a file; throws when a known size does not come out with the known hash. */
export const writeWork = (path: string, megabytes: number): WorkData => {
  const file = openSync(path, "w");
  try {
    const data = generateWork(megabytes, (chunk) => writeSync(file, chunk));
    const known = KNOWN_SHA256[megabytes];
    if (known !== undefined && known !== data.sha256) throw new Error(`BUG: the ${megabytes} MB work differs from gen_app.py's: ${data.sha256}`);
    return data;
  } finally {
    closeSync(file);
  }
};

if (import.meta.main)
  await runTool({
    name: "work-data",
    description: "Writes the data of works w1 and w2.",
    options: {
      mb: { type: "integer", default: 64, min: 1, max: 4096, description: "MiB to write" },
      out: { type: "string", default: "", description: "file to write; a scratch file when not given" },
    },
    run: async ({ options, scratch }) => {
      const data = writeWork(options.out || join(scratch, "app.log"), options.mb);
      return { result: { ...data, known: options.mb in KNOWN_SHA256 }, passed: true };
    },
  });
