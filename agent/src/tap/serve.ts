/** A tap over HTTP: one JSON line per record, and `{"leftOut":{...}}` where some were left out. */

import type { ServerResponse } from "node:http";
import { isStream } from "@obs/wire";
import { parseFilters } from "./filter.ts";
import type { Tap } from "./tap.ts";

const PER_SECOND = 100;
/** Bytes that a reader may be behind; what comes on top is left out. */
const MAX_BEHIND_BYTES = 1 << 20;

/** Query: `stream`, `filter` (repeatable), `rate`. */
export const serveTap = (tap: Tap) => (query: URLSearchParams, response: ServerResponse): void => {
  const refuse = (message: string): void => void response.writeHead(400, { "content-type": "text/plain" }).end(`${message}\n`);
  const stream = query.get("stream") ?? "logs";
  const perSecond = Number(query.get("rate") ?? PER_SECOND);
  if (!isStream(stream)) return refuse(`there is no stream ${JSON.stringify(stream)}`);
  if (!(perSecond > 0)) return refuse("rate has to be more than 0");
  let fits: ReturnType<typeof parseFilters>;
  try {
    fits = parseFilters(query.getAll("filter"));
  } catch (error) {
    return refuse((error as Error).message);
  }
  const write = (value: unknown): boolean => response.writableLength < MAX_BEHIND_BYTES && (response.write(`${JSON.stringify(value)}\n`), true);
  response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders();
  const end = tap.watch({ stream, fits, perSecond, show: write, leftOut: (fitting, unseen) => void write({ leftOut: { fitting, unseen } }) });
  response.on("close", end);
};
