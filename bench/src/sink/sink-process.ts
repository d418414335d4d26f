/**
 * A cheap acknowledging sink, in a process of its own so that its CPU is not the agent's. It opens
 * no body: it appends it to the file given as argument and acknowledges at once.
 */

import { openSync, writevSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { BATCH_HEADERS, batchPath } from "@obs/wire";
import type { BatchAck } from "@obs/wire";
import type { BodyHead, SinkMessage } from "./protocol.ts";

const recording = openSync(process.argv[2]!, "a");
const seen = new Set<string>();
let rows = 0;
let wireBytes = 0;

const tell = (message: SinkMessage): void => {
  process.send?.(message);
};

const headOf = ({ url, headers }: IncomingMessage): BodyHead | undefined => {
  const stream = url?.startsWith(batchPath("")) ? url.slice(batchPath("").length) : undefined;
  if (!stream) return undefined;
  const number = (name: string): number => Number(headers[name]);
  return {
    stream,
    batch: String(headers[BATCH_HEADERS.batch]),
    rows: number(BATCH_HEADERS.rows),
    rawBytes: number(BATCH_HEADERS.rawBytes),
    attempt: number(BATCH_HEADERS.attempt),
  };
};

const length = (bytes: number): Buffer => {
  const buffer = Buffer.allocUnsafe(4);
  buffer.writeUInt32LE(bytes);
  return buffer;
};

const record = (head: BodyHead, body: Buffer[], bodyBytes: number): void => {
  const text = Buffer.from(JSON.stringify(head));
  writevSync(recording, [length(text.length), text, length(bodyBytes), ...body]);
};

const acknowledge = (head: BodyHead, response: ServerResponse): void => {
  const ack: BatchAck = { stored: head.rows, refused: {}, serverTime: new Date().toISOString(), storeBoot: "sink", policyVersion: 1 };
  response.setHeader("content-type", "application/json").end(JSON.stringify(ack));
};

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  let bodyBytes = 0;
  request.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bodyBytes += chunk.length;
  });
  request.on("end", () => {
    const head = headOf(request);
    if (!head) {
      response.end("{}");
      return;
    }
    record(head, chunks, bodyBytes);
    acknowledge(head, response);
    wireBytes += bodyBytes;
    if (!seen.has(head.batch) && head.stream === "logs") rows += head.rows;
    seen.add(head.batch);
    tell({ kind: "acknowledged", rows, batches: seen.size, wireBytes });
  });
});

server.listen(0, "127.0.0.1", () => tell({ kind: "listening", port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit(0));
