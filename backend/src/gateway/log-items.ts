/** Items of `POST /api/v1/logs/ingest` to records of the pipeline. */

import type { IncomingLog } from "obs-agent";
import { addAttribute, checkSize, newAttributes } from "./attributes.ts";
import { RefusedItem } from "./item-errors.ts";
import { severityOf } from "./levels.ts";
import { checkWindow, readTimestamp, type TimeWindow } from "./timestamps.ts";

const MAX_NAME_LENGTH = 256;

/** Fields with a meaning, under every name that they come by. All others become attributes. */
const ALIASES: Readonly<Record<string, string>> = {
  timestamp: "timestamp",
  "@timestamp": "timestamp",
  level: "level",
  severity: "level",
  message: "message",
  service: "service",
  "service.name": "service",
  host: "host",
  "host.name": "host",
  environment: "environment",
  trace_id: "traceId",
  traceId: "traceId",
  span_id: "spanId",
  spanId: "spanId",
  attributes: "attributes",
};

const readMessage = (value: unknown): string => {
  if (typeof value !== "string") throw new RefusedItem("invalid_item", value === undefined ? "message is missing" : "message must be text");
  return value;
};

const readName = (field: string, value: unknown): string => {
  if (typeof value !== "string" || value.length > MAX_NAME_LENGTH) throw new RefusedItem("invalid_item", `${field} must be text of at most ${MAX_NAME_LENGTH} characters`);
  return value;
};

const HEX = { traceId: /^[0-9a-f]{32}$/, spanId: /^[0-9a-f]{16}$/ };

type Draft = { -readonly [K in keyof IncomingLog]: IncomingLog[K] } & { attributes: Record<string, string> };

/** What is not an id or not a level is kept under the name it came by: a reader may still want it. */
const setField = (draft: Draft, name: string, field: string, value: unknown): void => {
  switch (field) {
    case "timestamp":
      draft.timestamp = readTimestamp(value);
      return;
    case "message":
      draft.message = readMessage(value);
      return;
    case "service":
    case "host":
    case "environment":
      draft[field] = readName(name, value);
      return;
    case "level": {
      const severity = severityOf(value);
      if (severity === undefined) addAttribute(draft.attributes, name, value);
      else draft.severity = severity;
      return;
    }
    case "traceId":
    case "spanId": {
      const id = typeof value === "string" ? value.toLowerCase().replaceAll("-", "") : "";
      if (HEX[field].test(id)) draft[field] = id;
      else addAttribute(draft.attributes, name, value);
      return;
    }
    case "attributes":
      addAttribute(draft.attributes, typeof value === "object" && !Array.isArray(value) ? "" : name, value);
  }
};

/** One item. Throws RefusedItem. */
export const readLogItem =
  (receivedNs: bigint, window: TimeWindow) =>
  (item: unknown): IncomingLog => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) throw new RefusedItem("invalid_item", "an item must be an object");
    const draft: Draft = { message: "", timestamp: receivedNs, observed: receivedNs, attributes: newAttributes() };
    if (!Object.hasOwn(item, "message")) readMessage(undefined);
    for (const [name, value] of Object.entries(item)) {
      const field = Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined;
      if (field === undefined) addAttribute(draft.attributes, name, value);
      else if (value !== null || field === "message") setField(draft, name, field, value);
    }
    checkSize(draft.message, draft.attributes);
    checkWindow(draft.timestamp!, window);
    return draft;
  };
