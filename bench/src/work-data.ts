/**
 * The data of the works, made without Python and held equal to what the bench kit's generators
 * write by sha256.
 *
 *   node bench/src/work-data.ts -- --log nginx --mb 64 --out nginx.log --json
 */

import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "./tool/run-tool.ts";
import { AccessLog } from "./work/access-log.ts";
import { ApplicationLog } from "./work/application-log.ts";
import { AccessCheck, MaskCheck } from "./work/row-checks.ts";
import type { RowCheck } from "./work/row-checks.ts";

export const LOG_KINDS = ["app", "nginx"] as const;
export type LogKind = (typeof LOG_KINDS)[number];

interface Source {
  nextLine(): string;
  /** A check of rows against all lines so far. */
  check(): RowCheck;
  /** Lines of level DEBUG so far. */
  debugLines(): number;
}

const sources: Readonly<Record<LogKind, () => Source>> = {
  app: () => {
    const log = new ApplicationLog();
    return { nextLine: () => log.nextLine(), check: () => new MaskCheck({ ...log.sensitive }), debugLines: () => log.debugLines };
  },
  nginx: () => {
    const log = new AccessLog();
    return { nextLine: () => log.nextLine(), check: () => new AccessCheck(structuredClone(log.accesses)), debugLines: () => 0 };
  },
};

/** sha256 of what `gen_app.py OUT <MB>` (seed 20240607) and `gen_nginx.py OUT <MB>` (seed 77) wrote under CPython 3.11, by MB. */
export const KNOWN_SHA256: Readonly<Record<LogKind, Readonly<Record<number, string>>>> = {
  app: {
    1: "fb8e0976758cf781970fac7431f664fc682ba096534b9942b73aba6ec386f810",
    64: "1ce16b5c7f69f4b32e21b19251a75a5a0409d715efefcace1ba66aaaed10dba6",
    512: "941150a96c1467392aa344e8cf9f77223c082738cf363c749ac6b2db6596671d",
  },
  nginx: {
    1: "e8dbc3d92b7794da4517470dc3fff11c0a050c8d1fef5c05b23d19155d101ebf",
    64: "dee09ab8e4bffaf718cc5975ca11874ed349ddecdc2e61c9cadb3b6ffaac3bbb",
    256: "5a5fe004dbab752e179a62c254805b7b19fa273f6f5ad1a9711536c343287229",
  },
};

const CHUNK_CHARACTERS = 1 << 16;

export interface WorkData {
  readonly lines: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Of the lines, those of level DEBUG. */
  readonly debugLines: number;
  /** A new check of what arrived of them. */
  readonly check: () => RowCheck;
}

/** Gives the lines to `write` in chunks of whole lines, as the kit's generators: the first line past `megabytes` (MiB) is the last. */
export const generateWork = (kind: LogKind, megabytes: number, write: (chunk: Buffer) => void): WorkData => {
  const target = Math.trunc(megabytes * 1048576);
  const source = sources[kind]();
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
    const line = source.nextLine();
    pending += line;
    bytes += line.length;
    lines++;
    if (pending.length >= CHUNK_CHARACTERS) flush();
  }
  flush();
  return { lines, bytes, sha256: hash.digest("hex"), debugLines: source.debugLines(), check: source.check };
};

/**
 * Writes the work to the files, the first part to the first: about equal parts of whole lines.
 * Throws when a known size does not come out with the known hash.
 */
export const writeWork = (kind: LogKind, megabytes: number, paths: readonly string[]): WorkData => {
  const files = paths.map((path) => openSync(path, "w"));
  const partBytes = (megabytes * 1048576) / files.length;
  let written = 0;
  try {
    const data = generateWork(kind, megabytes, (chunk) => {
      writeSync(files[Math.min(files.length - 1, Math.floor(written / partBytes))]!, chunk);
      written += chunk.length;
    });
    const known = KNOWN_SHA256[kind][megabytes];
    if (known !== undefined && known !== data.sha256) throw new Error(`BUG: the ${megabytes} MB work of ${kind} differs from the kit's: ${data.sha256}`);
    return data;
  } finally {
    files.forEach(closeSync);
  }
};

if (import.meta.main)
  await runTool({
    name: "work-data",
    description: "Writes the data of the works.",
    options: {
      log: { type: "choice", choices: LOG_KINDS, default: "app", description: "app: JSON lines of w1, w2 and w4; nginx: the access log of w3" },
      mb: { type: "integer", default: 64, min: 1, max: 4096, description: "MiB to write" },
      out: { type: "string", default: "", description: "file to write; a scratch file when not given" },
    },
    run: async ({ options, scratch }) => {
      const kind = options.log as LogKind;
      const { lines, bytes, sha256 } = writeWork(kind, options.mb, [options.out || join(scratch, "work.log")]);
      return { result: { lines, bytes, sha256, known: options.mb in KNOWN_SHA256[kind] }, passed: true };
    },
  });
