/**
 * CPU cost of the agent's inner loop alone: read a file, row pass with masking, encode, zstd.
 *
 *   [MASK=off] [MULTILINE=off] node bench/src/row-pass.ts FILE [runs]      FILE: as /work data of bench:agent
 */

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { bytesOf } from "@obs/wire";
import { compressors } from "../../agent/src/codec/zstd.ts";
import { LogBlock } from "../../agent/src/rows/log-block.ts";

const [, , file, runs = "5"] = process.argv;
if (!file) throw new Error("usage: row-pass.ts FILE [runs]");

const stream = {
  id: "bench",
  service: "bench",
  host: "localhost",
  environment: "",
  attributes: { "log.file.path": "/var/log/bench/app.log" },
  encodePosition: () => new Uint8Array(),
};
const key = { agent: 1n, epoch: 1, seq: 1 };
const cpuMs = (since: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

const inputBytes = statSync(file).size;
const compress = compressors.get(process.env["ZSTD"] ?? "") ?? [...compressors.values()][0]!;
// Streams that end here are not recalled: lines are joined within a chunk.
const multiline = process.env["MULTILINE"] === "off" ? undefined : { lingerMs: 1_000, maxLines: 2_000, maxBytes: 512 * 1024 };
let body = Buffer.alloc(0);
/** As a shard does (core/spare-memory.ts): the same memory for every body. */
const take = (length: number) => (body.length < length ? (body = Buffer.allocUnsafeSlow(length * 2)) : body).subarray(0, length);
const block = new LogBlock({ mask: { enabled: process.env["MASK"] !== "off" }, multiline, compiled: process.env["COMPILED"] !== "off" });

const once = () => {
  const descriptor = openSync(file, "r");
  const started = process.cpuUsage();
  const stages = { rows: 0, rawBytes: 0, wireBytes: 0, sealMs: 0 };
  const seal = () => {
    const since = process.cpuUsage();
    stages.rows += block.rows;
    const raw = block.encode(key);
    stages.rawBytes += bytesOf(raw);
    stages.wireBytes += compress(raw, take).length;
    block.reset();
    stages.sealMs += cpuMs(since);
  };
  let position = 0;
  while (position < inputBytes) {
    const length = readSync(descriptor, block.input, 0, Math.min(block.input.length, 1 << 20), position);
    const now = BigInt(Date.now()) * 1_000_000n;
    let at = 0;
    for (;;) {
      at = block.appendLines(stream, at, length, now);
      if (!block.full) break;
      seal();
    }
    position += at;
  }
  if (block.rows > 0) seal();
  closeSync(descriptor);
  return { ...stages, ms: cpuMs(started) };
};

const results = Array.from({ length: Number(runs) }, once).sort((a, b) => a.ms - b.ms);
const median = results[results.length >> 1]!;
const best = results[0]!;
const perGB = (ms: number) => ms / 1000 / (inputBytes / 1e9);
const round = (value: number, digits = 2) => Number(value.toFixed(digits));
console.log(
  JSON.stringify({
    rows: median.rows,
    cpuSecondsPerGB: round(perGB(median.ms)),
    bestCpuSecondsPerGB: round(perGB(best.ms)),
    sealCpuSecondsPerGB: round(perGB(median.sealMs)),
    mbPerCpuSecond: round(inputBytes / 1e6 / (median.ms / 1000), 0),
    rawPerInputByte: round(median.rawBytes / inputBytes, 3),
    wirePerInputByte: round(median.wireBytes / inputBytes, 4),
    compiledShare: round(block.compiledRecords / block.counts.records, 4),
    counts: block.counts,
  }),
);
