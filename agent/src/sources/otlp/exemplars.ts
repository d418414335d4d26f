/** Exemplars of a point: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exemplars */

import type { ObservedExemplar } from "../../core/contracts.ts";
import { flatten } from "./attributes.ts";
import type { Message } from "./messages.ts";
import { bigIntOf, childrenOf, field, hexOf, toNumber } from "./read.ts";

export interface ReadExemplars {
  readonly taken: readonly ObservedExemplar[];
  /** Without a value, or of a time that no row can hold. */
  readonly rejected: number;
}

const MAX_NS = (1n << 63n) - 1n;

/** `pointNs` stands for a time that is not given. Throws MalformedRequest. */
export const readExemplars = (point: Message, pointNs: bigint): ReadExemplars => {
  const all = childrenOf(point, "exemplars");
  const taken = all.flatMap((exemplar) => readExemplar(exemplar, pointNs) ?? []);
  return { taken, rejected: all.length - taken.length };
};

const readExemplar = (exemplar: Message, pointNs: bigint): ObservedExemplar | undefined => {
  const value = field(exemplar, "asDouble") ?? field(exemplar, "asInt");
  const timestamp = bigIntOf(exemplar, "timeUnixNano") || pointNs;
  if (value === undefined || timestamp < 0n || timestamp > MAX_NS) return undefined;
  const attributes = Object.fromEntries(flatten(childrenOf(exemplar, "filteredAttributes"), new Map()));
  return { timestamp, value: toNumber(value), traceId: idOf(exemplar, "traceId", 32), spanId: idOf(exemplar, "spanId", 16), attributes };
};

const idOf = (exemplar: Message, name: string, digits: number): string => {
  const hex = hexOf(exemplar, name);
  return hex.length === digits && /^[\da-f]+$/.test(hex) ? hex : "";
};
