/** Parameters of Loki's HTTP API, from the address or from a form. Source: grafana.com/docs/loki/latest/reference/loki-http-api */

import { EARLIEST_NS, LATEST_NS } from "../time.ts";
import type { SortOrder } from "../time-windows.ts";
import type { TimeRange } from "../validate.ts";
import { badQuery, parseDuration } from "../logql/index.ts";

export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;
const HOUR_MS = 3_600_000;
export const MAX_POINTS = 11_000;
export const MAX_LIMIT = 5_000;
const DEFAULT_LIMIT = 100;
/** Steps that a range query has when it does not say. */
const DEFAULT_STEPS = 250;

export const one = (parameters: Parameters, name: string): string | undefined => {
  const value = parameters[name];
  return typeof value === "string" ? value : value?.[0];
};

export const many = (parameters: Parameters, name: string): readonly string[] => {
  const value = parameters[name];
  return value === undefined ? [] : typeof value === "string" ? [value] : value;
};

export const required = (parameters: Parameters, name: string): string => {
  const value = one(parameters, name);
  if (value === undefined || value === "") throw badQuery(`the parameter ${name} is missing`);
  return value;
};

/** ns since 1970, of seconds up to ten digits or with a fraction, of ns, or of RFC 3339. */
const readTime = (name: string, text: string): bigint => {
  const ns = /^-?\d{1,19}$/.test(text) ? (text.replace("-", "").length <= 10 ? BigInt(text) * NS_PER_SECOND : BigInt(text)) : /^-?\d{1,12}\.\d+$/.test(text) ? fromSeconds(text) : fromRfc3339(text);
  if (ns === undefined) throw badQuery(`could not parse '${name}' parameter: ${JSON.stringify(text.slice(0, 100))} is no time: use nanoseconds or seconds since 1970, or RFC 3339`);
  return ns < EARLIEST_NS ? EARLIEST_NS : ns > LATEST_NS ? LATEST_NS : ns;
};

const fromSeconds = (text: string): bigint => {
  const [whole, fraction] = text.replace("-", "").split(".") as [string, string];
  const ns = BigInt(whole) * NS_PER_SECOND + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return text.startsWith("-") ? -ns : ns;
};

const RFC3339 = /^(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/;

const fromRfc3339 = (text: string): bigint | undefined => {
  const match = RFC3339.exec(text);
  const ms = match ? Date.parse(`${match[1]}${match[3]}`.toUpperCase()) : Number.NaN;
  return Number.isNaN(ms) ? undefined : BigInt(ms) * NS_PER_MS + BigInt((match![2] ?? "").padEnd(9, "0"));
};

export const timeOf = (parameters: Parameters, name: string, otherwise: bigint): bigint => {
  const text = one(parameters, name);
  return text === undefined || text === "" ? otherwise : readTime(name, text);
};

/** ns, of seconds or of a duration such as `1m30s`. */
const readDuration = (name: string, text: string): bigint => {
  const seconds = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : parseDuration(text);
  if (seconds === undefined || !Number.isFinite(seconds) || Math.abs(seconds) > 1e10) throw badQuery(`could not parse '${name}' parameter: ${JSON.stringify(text.slice(0, 100))} is no duration: use seconds, or text such as 1m30s`);
  return BigInt(Math.round(seconds * 1e9));
};

export const durationOf = (parameters: Parameters, name: string): bigint | undefined => {
  const text = one(parameters, name);
  return text === undefined || text === "" ? undefined : readDuration(name, text);
};

/** From `start` to `end`; `since` is how long before the end it begins; the last hour when nothing is said. */
export const rangeOf = (parameters: Parameters, nowMs: number, defaultMs = HOUR_MS): TimeRange => {
  const nowNs = BigInt(nowMs) * NS_PER_MS;
  const endNs = timeOf(parameters, "end", nowNs);
  const since = durationOf(parameters, "since") ?? BigInt(defaultMs) * NS_PER_MS;
  const earliest = (endNs < nowNs ? endNs : nowNs) - since;
  const startNs = timeOf(parameters, "start", earliest < EARLIEST_NS ? EARLIEST_NS : earliest);
  if (endNs < startNs) throw badQuery("end timestamp must not be before or equal to start time");
  return { startNs, endNs };
};

export interface RangeRequest {
  readonly query: string;
  readonly range: TimeRange;
  readonly stepNs: bigint;
  readonly intervalNs: bigint;
  readonly limit: number;
  readonly order: SortOrder;
}

export const orderOf = (parameters: Parameters): SortOrder => {
  const direction = (one(parameters, "direction") ?? "backward").toLowerCase();
  if (direction !== "forward" && direction !== "backward") throw badQuery(`invalid direction '${direction}': it is forward or backward`);
  return direction === "forward" ? "asc" : "desc";
};

export const limitOf = (parameters: Parameters, otherwise = DEFAULT_LIMIT, most = MAX_LIMIT): number => {
  const text = one(parameters, "limit");
  if (text === undefined || text === "") return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw badQuery(`invalid limit: ${JSON.stringify(text.slice(0, 100))} is no whole number of at least 0`);
  const limit = Number(text);
  if (limit === 0) throw badQuery("limit must be a positive value");
  if (limit > most) throw badQuery(`max entries limit per query exceeded, limit > max_entries_limit (${limit} > ${most})`);
  return limit;
};

export const rangeRequest = (parameters: Parameters, nowMs: number): RangeRequest => {
  const query = required(parameters, "query");
  const range = rangeOf(parameters, nowMs);
  const defaultSeconds = Math.max(1, Math.floor(Number((range.endNs - range.startNs) / NS_PER_SECOND) / DEFAULT_STEPS));
  const stepNs = durationOf(parameters, "step") ?? BigInt(defaultSeconds) * NS_PER_SECOND;
  if (stepNs < NS_PER_MS) throw badQuery("zero or negative query resolution step widths are not accepted. Try a positive integer");
  const intervalNs = durationOf(parameters, "interval") ?? 0n;
  if (intervalNs < 0n) throw badQuery("interval must be >= 0");
  return { query, range, stepNs, intervalNs, limit: limitOf(parameters), order: orderOf(parameters) };
};

/** Throws for more points than an answer may have. */
export const stepsOf = ({ range, stepNs }: Pick<RangeRequest, "range" | "stepNs">): number => {
  const steps = (range.endNs - range.startNs) / stepNs + 1n;
  if (steps > BigInt(MAX_POINTS)) throw badQuery("exceeded maximum resolution of 11,000 points per time series. Try increasing the value of the step parameter");
  return Number(steps);
};
