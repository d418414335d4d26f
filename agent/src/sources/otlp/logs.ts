/** A request of logs to records: https://opentelemetry.io/docs/specs/otel/logs/data-model/ */

import type { IncomingLog } from "../../core/contracts.ts";
import { severityOfLevel } from "../../parsers/severity.ts";
import { flatten, readResource, textOfValue } from "./attributes.ts";
import type { Message } from "./messages.ts";
import { bigIntOf, childOf, childrenOf, hexOf, numberOf, textOf } from "./read.ts";

/** What a name means that two levels have: the record's own wins, the outer one keeps this prefix. */
const RESOURCE_PREFIX = "resource.";

/** Throws MalformedRequest. */
export const readLogs = (request: Message, defaults: { readonly host: string; readonly environment: string }): IncomingLog[] => {
  const records: IncomingLog[] = [];
  for (const resourceLogs of childrenOf(request, "resourceLogs")) {
    const resource = readResource(resourceLogs);
    const common = {
      service: resource.service || "unknown_service",
      host: resource.host || defaults.host,
      environment: resource.environment || defaults.environment,
    };
    for (const scopeLogs of childrenOf(resourceLogs, "scopeLogs")) {
      const outer = scopeAttributes(childOf(scopeLogs, "scope"), resource.attributes);
      for (const record of childrenOf(scopeLogs, "logRecords")) records.push({ ...common, ...readRecord(record, outer) });
    }
  }
  return records;
};

const scopeAttributes = (scope: Message | undefined, resource: ReadonlyMap<string, string>): Map<string, string> => {
  const attributes = new Map(resource);
  if (!scope) return attributes;
  flatten(childrenOf(scope, "attributes"), attributes);
  const name = textOf(scope, "name");
  const version = textOf(scope, "version");
  if (name !== "") attributes.set("otel.scope.name", name);
  if (version !== "") attributes.set("otel.scope.version", version);
  return attributes;
};

const readRecord = (record: Message, outer: ReadonlyMap<string, string>): IncomingLog => {
  const observed = bigIntOf(record, "observedTimeUnixNano");
  const timestamp = bigIntOf(record, "timeUnixNano") || observed;
  const number = numberOf(record, "severityNumber");
  const text = textOf(record, "severityText");
  const severity = number > 0 ? number : severityOfText(text);
  const own = flatten(childrenOf(record, "attributes"), new Map());
  if (text !== "" && (severity <= 0 || severityOfText(text) !== severity)) own.set("severity_text", text);
  const eventName = textOf(record, "eventName");
  if (eventName !== "") own.set("event.name", eventName);
  const dropped = numberOf(record, "droppedAttributesCount");
  if (dropped > 0) own.set("otel.dropped_attributes_count", String(dropped));
  return {
    message: textOfValue(childOf(record, "body")),
    severity: Math.max(0, severity),
    traceId: hexOf(record, "traceId"),
    spanId: hexOf(record, "spanId"),
    attributes: merged(outer, own),
    ...(timestamp > 0n && { timestamp }),
    ...(observed > 0n && observed < MAX_NS && { observed }),
  };
};

const MAX_NS = 0x7fff_ffff_ffff_ffffn;

const severityOfText = (text: string): number => {
  const bytes = Buffer.from(text);
  return severityOfLevel(bytes, 0, bytes.length);
};

const merged = (outer: ReadonlyMap<string, string>, own: ReadonlyMap<string, string>): Record<string, string> => {
  const all = new Map<string, string>();
  for (const [name, value] of outer) all.set(own.has(name) && own.get(name) !== value ? RESOURCE_PREFIX + name : name, value);
  for (const [name, value] of own) all.set(name, value);
  return Object.fromEntries(all);
};
