/** A request of traces to spans: https://opentelemetry.io/docs/specs/otel/trace/api/#span */

import type { SpanRecord } from "@obs/wire";
import { flatten, readResource } from "./attributes.ts";
import type { Message } from "./messages.ts";
import { bigIntOf, childOf, childrenOf, hexOf, numberOf, textOf } from "./read.ts";

export interface TracesOutcome {
  readonly spans: readonly SpanRecord[];
  readonly rejected: number;
  /** Why, for people. */
  readonly reasons: ReadonlySet<string>;
}

const MAX_NS = 0x7fff_ffff_ffff_ffffn;
const MAX_KIND = 5;
const MAX_STATUS = 2;

/** Throws MalformedRequest. */
export const readTraces = (request: Message, defaults: { readonly host: string; readonly environment: string }): TracesOutcome => {
  const spans: SpanRecord[] = [];
  const reasons = new Set<string>();
  let rejected = 0;
  for (const resourceSpans of childrenOf(request, "resourceSpans")) {
    const { service, host, environment, attributes } = readResource(resourceSpans);
    const resource = { service: service || "unknown_service", host: host || defaults.host, environment: environment || defaults.environment };
    for (const scopeSpans of childrenOf(resourceSpans, "scopeSpans")) {
      const scope = childOf(scopeSpans, "scope") ?? {};
      const common = { ...resource, scope: textOf(scope, "name"), scopeVersion: textOf(scope, "version"), weight: 1 };
      const outer = flatten(childrenOf(scope, "attributes"), new Map(attributes));
      for (const message of childrenOf(scopeSpans, "spans")) {
        const span = readSpan(message, outer);
        if (typeof span !== "string") spans.push({ ...common, ...span });
        else {
          rejected++;
          reasons.add(span);
        }
      }
    }
  }
  return { spans, rejected, reasons };
};

/** The span, or why it cannot be taken. */
const readSpan = (message: Message, outer: ReadonlyMap<string, string>): Omit<SpanRecord, "service" | "host" | "environment" | "scope" | "scopeVersion" | "weight"> | string => {
  const traceId = hexOf(message, "traceId");
  const spanId = hexOf(message, "spanId");
  if (traceId.length !== 32 || spanId.length !== 16) return "a span needs a trace id of 16 bytes and a span id of 8, not all zeros";
  const timestamp = bigIntOf(message, "startTimeUnixNano");
  const end = bigIntOf(message, "endTimeUnixNano");
  const parentSpanId = hexOf(message, "parentSpanId");
  if (parentSpanId !== "" && parentSpanId.length !== 16) return "the parent of a span needs an id of 8 bytes";
  const links = childrenOf(message, "links").map(readLink);
  if (links.some((link) => link.traceId.length !== 32 || link.spanId.length !== 16)) return "a link needs a trace id of 16 bytes and a span id of 8, not all zeros";
  if (timestamp <= 0n || timestamp > MAX_NS) return "the start of a span is out of range";
  const status = childOf(message, "status") ?? {};
  return {
    timestamp,
    // Clocks of one program are not supposed to run backwards, but are set.
    duration: end > timestamp ? end - timestamp : 0n,
    traceId,
    spanId,
    parentSpanId,
    traceState: textOf(message, "traceState"),
    name: textOf(message, "name"),
    kind: within(numberOf(message, "kind"), MAX_KIND),
    status: within(numberOf(status, "code"), MAX_STATUS),
    statusMessage: textOf(status, "message"),
    attributes: withDropped(message, merged(outer, flatten(childrenOf(message, "attributes"), new Map()))),
    events: childrenOf(message, "events").map((event) => ({ time: clamp(bigIntOf(event, "timeUnixNano")), name: textOf(event, "name"), attributes: attributesOf(event) })),
    links,
  };
};

const attributesOf = (message: Message): Record<string, string> => withDropped(message, Object.fromEntries(flatten(childrenOf(message, "attributes"), new Map())));

const readLink = (link: Message): SpanRecord["links"][number] => {
  const traceState = textOf(link, "traceState");
  return { traceId: hexOf(link, "traceId"), spanId: hexOf(link, "spanId"), attributes: { ...attributesOf(link), ...(traceState !== "" && { "w3c.tracestate": traceState }) } };
};

const within = (value: number, max: number): number => (Number.isInteger(value) && value >= 0 && value <= max ? value : 0);

const clamp = (ns: bigint): bigint => (ns < 0n ? 0n : ns > MAX_NS ? MAX_NS : ns);

/** What a name means that the span and its resource or scope have: the span's own wins, the outer one keeps this prefix. */
const OUTER_PREFIX = "resource.";

const merged = (outer: ReadonlyMap<string, string>, own: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries([...Array.from(outer, ([name, value]): [string, string] => [own.has(name) && own.get(name) !== value ? OUTER_PREFIX + name : name, value]), ...own]);

const DROPPED = { droppedAttributesCount: "otel.dropped_attributes_count", droppedEventsCount: "otel.dropped_events_count", droppedLinksCount: "otel.dropped_links_count" } as const;

const withDropped = (message: Message, attributes: Record<string, string>): Record<string, string> => {
  for (const [field, name] of Object.entries(DROPPED)) {
    const dropped = numberOf(message, field);
    if (dropped > 0) attributes[name] = String(dropped);
  }
  return attributes;
};
