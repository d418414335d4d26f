import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Children } from "../tool/children.ts";
import { startPeerSink } from "./peer-sink.ts";
import type { PeerSink } from "./peer-sink.ts";

const LINES = Array.from({ length: 1000 }, (_, index) => `{"n":${index},"level":${index % 4 === 0 ? ' "DEBUG"' : '"INFO"'},"message":"${"x".repeat(index % 90)}"}\n`).join("");
const COUNTS = { lines: 1000, debugLines: 250 };
const WAIT = { timeout: 10_000, interval: 10 };

let folder: string;
let children: Children;
let sink: PeerSink;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "obs-peer-sink-"));
  children = new Children(folder);
  sink = await startPeerSink(children, "sink");
});

afterEach(async () => {
  await children.stopAll();
  rmSync(folder, { recursive: true });
});

const post = (body: Uint8Array, encoding?: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${sink.httpPort}/ingest`, { method: "POST", body: new Uint8Array(body), headers: encoding === undefined ? {} : { "content-encoding": encoding } });

/** In small pieces, so that lines are cut. */
const sendOverTcp = async (bytes: Buffer): Promise<void> => {
  const socket = connect(sink.tcpPort, "127.0.0.1");
  for (let at = 0; at < bytes.length; at += 777) socket.write(bytes.subarray(at, at + 777));
  socket.end();
  await new Promise((resolve) => socket.once("close", resolve).resume());
};

describe("the sink of peers", () => {
  it.each([
    ["plain", undefined, Buffer.from(LINES)],
    ["gzip", "gzip", gzipSync(LINES)],
    ["zstd", "zstd", zstdCompressSync(LINES)],
  ] as const)("counts the lines of a POST, %s", async (_name, encoding, body) => {
    expect((await post(body, encoding)).status).toBe(200);
    await expect.poll(() => sink.totals, WAIT).toMatchObject({ ...COUNTS, wireBytes: body.length, requests: 1 });
  });

  it.each([
    ["plain", Buffer.from(LINES)],
    ["a zlib stream", deflateSync(LINES)],
  ] as const)("counts the lines of a connection, %s", async (_name, bytes) => {
    await sendOverTcp(bytes);
    await expect.poll(() => sink.totals, WAIT).toMatchObject({ ...COUNTS, wireBytes: bytes.length, connections: 1 });
    expect(sink.failure).toBeUndefined();
  });

  it("says what it cannot read", async () => {
    await post(Buffer.from("no gzip"), "gzip");
    await expect.poll(() => sink.failure, WAIT).toBe("incorrect header check");
  });
});
