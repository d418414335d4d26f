/**
 * Documents of Elasticsearch's clients to records of the pipeline. Their fields are read by the agent's
 * parser of JSON lines, which knows those of ECS, of loggers and of shippers.
 */

import { createLineParser, type IncomingLog } from "obs-agent";
import { ID_ATTRIBUTE, INDEX_ALIASES, INDEX_ATTRIBUTE } from "../core/elasticsearch-names.ts";
import type { IncomingDocument } from "../core/ingest.ts";
import { checkSize, newAttributes } from "./attributes.ts";
import { RefusedItem } from "./item-errors.ts";
import { checkWindow, type TimeWindow } from "./timestamps.ts";

/** As Elasticsearch has it. */
const MAX_ID_BYTES = 512;
/** Deeper ones are more than a parser's stack may hold. */
const MAX_DEPTH = 100;
const parser = createLineParser({ type: "json" });

const parsed = (source: string): unknown => {
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw new RefusedItem("invalid_item", `failed to parse: ${(cause as Error).message}`);
  }
};

const isTooDeep = (source: string): boolean => {
  let [depth, inText] = [0, false];
  for (let at = 0; at < source.length; at++) {
    const c = source[at];
    if (inText && c === "\\") at++;
    else if (c === '"') inText = !inText;
    else if (!inText && (c === "{" || c === "[") && ++depth > MAX_DEPTH) return true;
    else if (!inText && (c === "}" || c === "]")) depth--;
  }
  return false;
};

/** Reads one; throws RefusedItem. Without a time it is of now. */
export const readDocument =
  (nowMs: number, window: TimeWindow) =>
  ({ index, id, source }: IncomingDocument): IncomingLog => {
    const document = parsed(source);
    if (typeof document !== "object" || document === null || Array.isArray(document)) throw new RefusedItem("invalid_item", "a document must be an object");
    if (isTooDeep(source)) throw new RefusedItem("invalid_item", `a document may be nested ${MAX_DEPTH} levels deep`);
    if (id !== undefined && (id === "" || Buffer.byteLength(id) > MAX_ID_BYTES)) throw new RefusedItem("invalid_item", `an id must have 1 to ${MAX_ID_BYTES} bytes`);
    const record = parser.parse(source, nowMs / 1_000);
    if (record.attributes.has("@timestamp") && Number.isNaN(record.seconds)) throw new RefusedItem("invalid_item", `failed to parse field [@timestamp] of type [date]: ${JSON.stringify(record.attributes.get("@timestamp")).slice(0, 200)} is no time`);
    const timestamp = Number.isNaN(record.seconds) ? BigInt(nowMs) * 1_000_000n : BigInt(record.seconds) * 1_000_000_000n + BigInt(record.nanoseconds);
    checkWindow(timestamp, window);
    const attributes = newAttributes();
    for (const [name, value] of record.attributes) attributes[name] = value;
    if (!INDEX_ALIASES.includes(index)) attributes[INDEX_ATTRIBUTE] = index;
    if (id !== undefined) attributes[ID_ATTRIBUTE] = id;
    checkSize(record.message, attributes);
    const { message, severity, service, host, environment, traceId, spanId } = record;
    return { timestamp, observed: BigInt(nowMs) * 1_000_000n, message, severity, service, host, environment, traceId, spanId, attributes };
  };
