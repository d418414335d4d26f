/** From what came over HTTP to a typed request: every problem is named, none is guessed away. */

import { z } from "zod";
import { ApiError } from "../errors.ts";
import { parseTime } from "./time.ts";

/** One problem of a request, as `details` lists them. */
export interface Problem {
  /** `time_range.start`; "" = the request as a whole. */
  readonly path: string;
  readonly message: string;
}

export const invalidRequest = (problems: readonly Problem[]): ApiError =>
  new ApiError("invalid_request", problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; "), { details: { problems } });

/** Throws ApiError(invalid_request) with all problems. */
export const validate = <T extends z.ZodType>(schema: T, input: unknown): z.output<T> => {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw invalidRequest(result.error.issues.map(({ path, message }) => ({ path: path.join("."), message })));
};

/** Whether a text is a time does not hang on the clock; what time it is does, see `timeRange`. */
const ANY_NOW_MS = Date.UTC(2026, 0, 1);

export const time = z.union([z.string(), z.number()], { error: "must be a time: ISO 8601, an epoch, now or now-1h" }).refine(
  (value) => parseTime(value, { nowMs: ANY_NOW_MS }) !== undefined,
  { error: "is no time: use ISO 8601, an epoch, now or now-1h" },
);

export interface TimeRange {
  /** ns since 1970, both ends belong to the range. */
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export interface TimeRangeInput {
  readonly start?: string | number | undefined;
  readonly end?: string | number | undefined;
}

/** Both ends; by default the last hour. `prefix` is where they stand in the request. */
export const timeRange = ({ start = "now-1h", end = "now" }: TimeRangeInput, nowMs: number, prefix = ""): TimeRange => {
  const startNs = parseTime(start, { nowMs });
  const endNs = parseTime(end, { nowMs, end: true });
  const problems: Problem[] = [];
  if (startNs === undefined) problems.push({ path: `${prefix}start`, message: "is out of the years that can be stored" });
  if (endNs === undefined) problems.push({ path: `${prefix}end`, message: "is out of the years that can be stored" });
  if (startNs !== undefined && endNs !== undefined) {
    if (startNs <= endNs) return { startNs, endNs };
    problems.push({ path: `${prefix}start`, message: "is later than the end" });
  }
  throw invalidRequest(problems);
};
