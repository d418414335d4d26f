/**
 * Points in time and scrolls. Nothing is kept of them here: an id says all that it stands for, so that any
 * backend can go on with it. What they show are the rows that were received by their moment; whose rows
 * these are, the request's key says, never the id.
 */

import { deflateRawSync, inflateRawSync } from "node:zlib";
import { ElasticsearchError, illegalArgument, type Parameters } from "../../../core/elasticsearch.ts";
import { isObject, type JsonObject } from "../json.ts";

/** What a search is held to. */
export interface Snapshot {
  readonly index: string | undefined;
  /** Rows received later are not there; ms since 1970. */
  readonly receivedMs: number;
}

export interface Scroll extends Snapshot {
  readonly parameters: Parameters;
  readonly body: JsonObject;
  /** `sort` of the last hit that was told. */
  readonly after: readonly unknown[];
}

/** A body of a search is within a megabyte. */
const MAX_ID_LENGTH = 1024 * 1024;
const MAX_UNPACKED_BYTES = 2 * 1024 * 1024;
const DURATION = /^\d{1,9}(?:nanos|micros|ms|s|m|h|d)$/;

const pack = (value: object): string => deflateRawSync(JSON.stringify(value)).toString("base64url");

const unpack = (id: string): JsonObject | undefined => {
  if (id.length > MAX_ID_LENGTH || !/^[\w-]+$/.test(id)) return undefined;
  try {
    const value: unknown = JSON.parse(inflateRawSync(Buffer.from(id, "base64url"), { maxOutputLength: MAX_UNPACKED_BYTES }).toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const isSnapshot = ({ index, receivedMs }: JsonObject): boolean => (index === undefined || typeof index === "string") && Number.isSafeInteger(receivedMs) && Number(receivedMs) > 0 && Number(receivedMs) < 9e12;

export const pointInTimeId = ({ index, receivedMs }: Snapshot): string => pack({ pit: 1, ...(index !== undefined && { index }), receivedMs });

/** Throws illegal_argument_exception for what is no id. */
export const readPointInTime = (id: unknown): Snapshot => {
  const value = typeof id === "string" ? unpack(id) : undefined;
  if (!value || value["pit"] !== 1 || !isSnapshot(value)) throw illegalArgument("invalid id: [pit.id] is not the id of a point in time");
  return value as unknown as Snapshot;
};

export const scrollId = ({ index, receivedMs, parameters, body, after }: Scroll): string => pack({ scroll: 1, ...(index !== undefined && { index }), receivedMs, parameters, body, after });

/** Throws search_context_missing_exception for what is no id. */
export const readScroll = (id: unknown): Scroll => {
  const value = typeof id === "string" ? unpack(id) : undefined;
  const isScroll = value?.["scroll"] === 1 && isSnapshot(value) && isObject(value["parameters"]) && isObject(value["body"]) && Array.isArray(value["after"]);
  if (!isScroll) throw new ElasticsearchError(404, "search_context_missing_exception", "No search context found for this scroll id");
  return value as unknown as Scroll;
};

/** Checked and then left aside: an id does not expire. */
export const checkKeepAlive = (value: unknown, name: string): void => {
  if (typeof value !== "string" || !DURATION.test(value)) throw illegalArgument(`[${name}] must be a time such as 1m or 30s`);
};
