/** Parameters of Prometheus' HTTP API, from the address or from a form. */

import { PromqlError, parseDuration } from "../promql/index.ts";

export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

const bad = (message: string): PromqlError => new PromqlError("bad_data", message);

/** Points that a range query may have, as in Prometheus. */
export const MAX_POINTS = 11_000;
const EARLIEST_MS = 0;
/** The end of the years that the store knows. */
const LATEST_MS = Date.UTC(2299, 11, 31);

export const one = (parameters: Parameters, name: string): string | undefined => {
  const value = parameters[name];
  return typeof value === "string" ? value : value?.[0];
};

export const required = (parameters: Parameters, name: string): string => {
  const value = one(parameters, name);
  if (value === undefined || value === "") throw bad(`invalid parameter ${JSON.stringify(name)}: it is missing`);
  return value;
};

export const many = (parameters: Parameters, name: string): readonly string[] => {
  const value = parameters[name];
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
};

/** Seconds since 1970, or RFC 3339. ms. */
export const timeOf = (parameters: Parameters, name: string, otherwise: number): number => {
  const text = one(parameters, name);
  if (text === undefined || text === "") return otherwise;
  const seconds = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const ms = Number.isNaN(seconds) ? (/^\d{4}-\d{2}-\d{2}[Tt]/.test(text) ? Date.parse(text) : Number.NaN) : Math.round(seconds * 1_000);
  if (!Number.isFinite(ms)) throw bad(`invalid parameter ${JSON.stringify(name)}: cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  return Math.min(LATEST_MS, Math.max(EARLIEST_MS, ms));
};

/** Seconds, or a duration such as `1m30s`. ms. */
export const durationOf = (parameters: Parameters, name: string): number => {
  const text = required(parameters, name);
  const ms = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) * 1_000 : parseDuration(text);
  if (ms === undefined || !Number.isFinite(ms)) throw bad(`invalid parameter ${JSON.stringify(name)}: cannot parse ${JSON.stringify(text)} to a valid duration`);
  return ms;
};

/** A duration that says how long something may take or hold. ms. */
export const positiveDurationOf = (parameters: Parameters, name: string): number => {
  const ms = durationOf(parameters, name);
  if (ms <= 0) throw bad(`invalid parameter ${JSON.stringify(name)}: ${JSON.stringify(one(parameters, name))} is not more than 0`);
  return ms;
};

export interface RangeRequest {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export const rangeRequest = (parameters: Parameters, nowMs: number): RangeRequest => {
  const query = required(parameters, "query");
  for (const name of ["start", "end"]) required(parameters, name);
  const [startMs, endMs] = [timeOf(parameters, "start", nowMs), timeOf(parameters, "end", nowMs)];
  const stepMs = Math.round(durationOf(parameters, "step"));
  if (endMs < startMs) throw bad(`invalid parameter "end": end timestamp must not be before start time`);
  if (stepMs <= 0) throw bad(`invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer`);
  if ((endMs - startMs) / stepMs > MAX_POINTS) throw bad("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)");
  return { query, startMs, endMs, stepMs };
};

export const limitOf = (parameters: Parameters): number | undefined => {
  const text = one(parameters, "limit");
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,9}$/.test(text)) throw bad(`invalid parameter "limit": ${JSON.stringify(text)} is no number of at least 0`);
  return Number(text) === 0 ? undefined : Number(text);
};
