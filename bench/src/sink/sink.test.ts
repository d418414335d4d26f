import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { BATCH_HEADERS, batchPath, encodeLogs, formatBatchKey } from "@obs/wire";
import type { LogRecord } from "@obs/wire";
import { Children } from "../tool/children.ts";
import { MaskCheck } from "../work/row-checks.ts";
import { countBodies } from "./count-bodies.ts";
import { startSink } from "./start-sink.ts";

const record = (message: string): LogRecord => ({
  timestamp: 1n,
  observed: 1n,
  severity: 9,
  service: "s",
  host: "h",
  environment: "",
  message,
  traceId: "",
  spanId: "",
  pattern: 0n,
  weight: 1,
  attributes: {},
});

let folder: string;
let children: Children;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "obs-sink-"));
  children = new Children(folder);
});

afterEach(async () => {
  await children.stopAll();
  rmSync(folder, { recursive: true });
});

const send = async (url: string, seq: number, messages: readonly string[]): Promise<Response> => {
  const key = { agent: 1n, epoch: 1, seq };
  const block = encodeLogs(messages.map(record), key);
  return await fetch(`${url}${batchPath("logs")}`, {
    method: "POST",
    headers: {
      [BATCH_HEADERS.batch]: formatBatchKey(key),
      [BATCH_HEADERS.rows]: String(messages.length),
      [BATCH_HEADERS.rawBytes]: String(block.length),
      [BATCH_HEADERS.attempt]: "1",
    },
    body: zstdCompressSync(block),
  });
};

it("acknowledges at once, and its recording tells what came", async () => {
  const sink = await startSink(children, folder);
  const reached = sink.reached(3);
  expect(await (await send(sink.url, 1, ["mail to [EMAIL]", "plain"])).json()).toMatchObject({ stored: 2, refused: {} });
  await send(sink.url, 1, ["mail to [EMAIL]", "plain"]);
  await send(sink.url, 2, ["a@b.example slipped through, ssn 123-45-6789 too"]);
  await reached;
  expect(sink).toMatchObject({ rows: 3, batches: 2 });
  await sink.stop();
  const check = new MaskCheck({ email: 1, card: 0, ssn: 0, key: 0 });
  expect(countBodies(sink.recording, check)).toMatchObject({ rows: 3 });
  expect(check.holds()).toBe(false);
  expect(check.figures()).toMatchObject({
    masked: { email: 1, card: 0, ssn: 0, key: 0 },
    unmasked: { email: 1, card: 0, ssn: 1, key: 0 },
  });
});
