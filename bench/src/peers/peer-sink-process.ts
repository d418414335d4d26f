/**
 * Takes what other agents send and answers at once, in a process of its own: POSTs of lines over
 * HTTP, and lines over TCP, plain or as one zlib stream. It counts bytes as they came, and lines in
 * what they hold.
 */

import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { PassThrough } from "node:stream";
import type { Readable } from "node:stream";
import { constants, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { LineCounter } from "./line-counter.ts";
import type { PeerSinkMessage, PeerSinkTotals } from "./peer-sink.ts";

const REPORT_MS = 50;
/** First byte of a zlib stream with a window of 32 KB (RFC 1950); no line of JSON begins with it. */
const ZLIB = 0x78;

const totals: PeerSinkTotals = { lines: 0, debugLines: 0, wireBytes: 0, requests: 0, connections: 0 };

const tell = (message: PeerSinkMessage): void => {
  process.send?.(message);
};

const fail = (error: Error): void => tell({ kind: "failed", reason: error.message });

/** Resolves when all of it was counted. */
const countLines = (stream: Readable): Promise<void> =>
  new Promise((resolve) => {
    const counter = new LineCounter(totals);
    stream.on("data", (chunk: Buffer) => counter.add(chunk));
    stream.once("error", (error) => (fail(error), resolve()));
    stream.once("end", () => (counter.end(), resolve()));
  });

const decoded = (request: IncomingMessage): Readable => {
  const encoding = request.headers["content-encoding"];
  if (encoding === "gzip") return request.pipe(createGunzip());
  return encoding === "zstd" ? request.pipe(createZstdDecompress()) : request;
};

const http = createHttpServer((request, response) => {
  request.on("data", (chunk: Buffer) => (totals.wireBytes += chunk.length));
  void countLines(decoded(request)).then(() => {
    totals.requests++;
    response.setHeader("content-type", "application/json").end('{"errors":false,"items":[]}');
  });
});

const take = (socket: Socket): void => {
  totals.connections++;
  socket.on("data", (chunk: Buffer) => (totals.wireBytes += chunk.length));
  socket.on("error", fail);
  socket.once("data", (first: Buffer) => {
    // A sender that is told to stop may leave its stream without an end.
    const lines = first[0] === ZLIB ? createInflate({ finishFlush: constants.Z_SYNC_FLUSH }) : new PassThrough();
    void countLines(lines);
    lines.write(first);
    socket.pipe(lines);
  });
};

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};

tell({ kind: "listening", httpPort: await listen(http), tcpPort: await listen(createTcpServer(take)) });
setInterval(() => tell({ kind: "totals", totals }), REPORT_MS);
process.on("disconnect", () => process.exit(0));
