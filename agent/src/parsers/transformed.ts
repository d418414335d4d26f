/** A parsed record, given to the transforms of its group. */

import { applyTransforms, secondsOfMs, type CustomTransform } from "../core/custom-transform.ts";
import type { LogRecord } from "../plugin.ts";
import { ParsedRecord } from "./text/record.ts";

export const asMessage = (line: string): ParsedRecord => {
  const record = new ParsedRecord();
  record.message = line;
  return record;
};

/** undefined: it is dropped. A time that no transform changed keeps its nanoseconds. */
export const transformed = (parsed: ParsedRecord, transforms: readonly CustomTransform[]): ParsedRecord | undefined => {
  const { seconds, nanoseconds, severity, message, service, host, environment, traceId, spanId } = parsed;
  const timestamp = Number.isNaN(seconds) ? undefined : seconds * 1_000 + nanoseconds / 1e6;
  const given: LogRecord = { timestamp, severity, message, service, host, environment, traceId, spanId, attributes: Object.fromEntries(parsed.attributes) };
  const result = applyTransforms(transforms, given);
  if (!result) return undefined;
  const record = new ParsedRecord();
  if (result.timestamp === timestamp) Object.assign(record, { seconds, nanoseconds });
  else if (result.timestamp !== undefined) Object.assign(record, secondsOfMs(result.timestamp));
  record.severity = result.severity;
  record.message = result.message;
  for (const name of ["service", "host", "environment", "traceId", "spanId"] as const) record[name] = result[name];
  for (const [name, value] of Object.entries(result.attributes)) record.attributes.set(name, value);
  return record;
};
