/**
 * The statements of the delivery protocol.
 *
 * An insert reads a body of joined Native blocks through `input()` and is refused as a whole, before
 * it stores a row, when the body does not hold what its members' headers claim: the number of rows,
 * no row of another batch, no ordinal or timestamp outside a member's claim. The last two let a
 * repeat find by (batch, timestamp) exactly what an earlier try left behind.
 *
 * A member may be a part of its batch: it claims a range of ordinals, and what is stored is counted in
 * that range. Two parts of one batch are never in one statement, because attempts of one key wait for
 * each other (delivery.ts); `member` is a row's place among the members.
 */

import { batchKeyToUInt128, inputStructure, type RowRange, type Stream } from "@obs/wire";
import type { IncomingBatch } from "../core/contracts.ts";
import { and, type Fragment, param, sql, type Statement, TenantScope } from "../sql/sql.ts";
import { retentionClass, retentionDays, type Window } from "./window.ts";

/** Texts of `throwIf`, by which a refusal is known again. */
export const REFUSALS = { claims: "OBS_CLAIMS", late: "OBS_LATE" } as const;

/** One insert: batches of one tenant, stream, schema and policy. */
export interface InsertPlan {
  readonly stream: Stream;
  /** Schema version of all members. */
  readonly schema: number;
  readonly members: readonly IncomingBatch[];
  readonly window: Window;
  /** The store's clock, ms: an insert that has not begun by then does not begin. */
  readonly beginByMs: number;
  readonly ingester: string;
}

interface StreamForm {
  /** Columns of the wire that are stored, in order. */
  readonly columns: Fragment;
  /** Timestamp as an integer of the stream's own resolution; undefined: the rows have none. */
  readonly tick: Fragment | undefined;
  readonly ticksPerMs: bigint;
  /** Nanoseconds per tick. */
  readonly nsPerTick: bigint;
}

const FORMS: Readonly<Record<Stream, StreamForm>> = {
  logs: {
    columns: sql`batch, row, timestamp, observed, severity, service, host, environment, message, trace_id, span_id, pattern, weight, attributes`,
    tick: sql`toUnixTimestamp64Nano(timestamp)`,
    ticksPerMs: 1_000_000n,
    nsPerTick: 1n,
  },
  samples: {
    columns: sql`batch, row, metric, series, timestamp, value`,
    tick: sql`toUnixTimestamp64Milli(timestamp)`,
    ticksPerMs: 1n,
    nsPerTick: 1_000_000n,
  },
  spans: {
    columns: sql`batch, row, timestamp, duration, trace_id, span_id, parent_span_id, trace_state, name, kind, status, status_message, service, host, environment, scope, scope_version, weight, attributes, event_time, event_name, event_attributes, link_trace_id, link_span_id, link_attributes`,
    tick: sql`toUnixTimestamp64Nano(timestamp)`,
    ticksPerMs: 1_000_000n,
    nsPerTick: 1n,
  },
  histograms: {
    columns: sql`batch, row, metric, series, timestamp, start, temporality, count, sum, min, max, scale, zero_count, zero_threshold, positive_offset, positive_counts, negative_offset, negative_counts, bounds`,
    tick: sql`toUnixTimestamp64Milli(timestamp)`,
    ticksPerMs: 1n,
    nsPerTick: 1_000_000n,
  },
  exemplars: {
    columns: sql`batch, row, metric, series, timestamp, value, trace_id, span_id, attributes`,
    tick: sql`toUnixTimestamp64Nano(timestamp)`,
    ticksPerMs: 1_000_000n,
    nsPerTick: 1n,
  },
  series: {
    columns: sql`metric, series, labels, kind, unit, help, first_seen, last_seen`,
    tick: undefined,
    ticksPerMs: 1n,
    nsPerTick: 1_000_000n,
  },
};

/** Streams whose rows merge by themselves: a repeat is an insert like any other. */
export const isIdempotent = (stream: Stream): boolean => FORMS[stream].tick === undefined;

const INT64_MAX = (1n << 63n) - 1n;
/** DateTime64(9) ends in 2262; nothing is stored before 1970. */
const clampNs = (ns: bigint): bigint => (ns < 0n ? 0n : ns > INT64_MAX ? INT64_MAX : ns);
const floorDiv = (a: bigint, b: bigint): bigint => a / b - (a % b < 0n ? 1n : 0n);
const clampInt64 = (v: bigint): bigint => (v > INT64_MAX ? INT64_MAX : v < -INT64_MAX ? -INT64_MAX : v);

const keysOf = (members: readonly IncomingBatch[]) => param.uint128s(members.map(({ key }) => batchKeyToUInt128(key)));
/** 1 for the first; 0: the batch is no member. */
const memberOf = (members: readonly IncomingBatch[]): Fragment => sql`transform(batch, ${keysOf(members)}, ${param.uint64s(members.map((_, index) => BigInt(index + 1)))}, toUInt64(0))`;
const ordinalsOf = ({ part, rows }: IncomingBatch): RowRange => part ?? { first: 0, end: rows };
const firstRows = (members: readonly IncomingBatch[]) => param.uint64s(members.map((member) => BigInt(ordinalsOf(member).first)));
const endRows = (members: readonly IncomingBatch[]) => param.uint64s(members.map((member) => BigInt(ordinalsOf(member).end)));
/** The rows of the body, `row` whole whichever way it travelled. */
const source = ({ stream, schema }: Pick<InsertPlan, "stream" | "schema">): Fragment => {
  const input = sql`input(${param.string(inputStructure(stream, schema))})`;
  if (schema === 1) return input;
  return sql`(SELECT * EXCEPT (row_0, row_1, row_2) REPLACE (toUInt32(row + row_0 + row_1 * 256 + row_2 * 65536) AS row) FROM ${input})`;
};

const claim = (broken: Fragment): Fragment => sql`NOT throwIf(${broken}, 'OBS_CLAIMS')`;

/** Each is true or throws; they stand first, so that no filter hides a row from them. */
const claims = ({ stream, members }: InsertPlan): Fragment[] => {
  const { tick, nsPerTick } = FORMS[stream];
  const rows = members.reduce((sum, member) => sum + member.rows, 0);
  const first = param.int64s(members.map(({ firstNs }) => clampInt64(floorDiv(firstNs, nsPerTick))));
  const last = param.int64s(members.map(({ lastNs }) => clampInt64(-floorDiv(-lastNs, nsPerTick))));
  return [
    claim(sql`total != ${param.uint64(rows)}`),
    // A batch that is no member has number 0, and element 0 of an array is 0.
    claim(sql`row >= ${endRows(members)}[member]`),
    claim(sql`row < ${firstRows(members)}[member]`),
    ...(tick ? [claim(sql`${tick} < ${first}[member]`), claim(sql`${tick} > ${last}[member]`)] : []),
  ];
};

const begins = ({ beginByMs }: InsertPlan): Fragment =>
  sql`NOT throwIf(now64(3) > fromUnixTimestamp64Milli(${param.int64(Math.round(beginByMs))}), 'OBS_LATE')`;

const tooOld = ({ stream, window }: InsertPlan): Fragment =>
  sql`${FORMS[stream].tick!} < ${param.int64(BigInt(Math.floor(window.fromMs)) * FORMS[stream].ticksPerMs)}`;
const tooNew = ({ stream, window }: InsertPlan): Fragment =>
  sql`${FORMS[stream].tick!} > ${param.int64(BigInt(Math.floor(window.toMs)) * FORMS[stream].ticksPerMs)}`;

/** Conditions on the table that find the members' rows and prune what cannot hold them. */
const ofMembers = ({ stream, members }: Pick<InsertPlan, "stream" | "members">, scope: TenantScope): Fragment => {
  const first = members.reduce((least, { firstNs }) => (firstNs < least ? firstNs : least), members[0]!.firstNs);
  const last = members.reduce((most, { lastNs }) => (lastNs > most ? lastNs : most), members[0]!.lastNs);
  // Samples are kept in ms: whoever was rounded down lies up to 1 ms before the claim.
  return sql`${scope.from(stream)} AND batch IN (${keysOf(members)})
    AND timestamp >= fromUnixTimestamp64Nano(${param.int64(clampNs(first - 1_000_000n))}) AND timestamp <= fromUnixTimestamp64Nano(${param.int64(clampNs(last + 1_000_000n))})`;
};

const missing = (plan: InsertPlan, scope: TenantScope): Fragment => sql`(batch, row) NOT IN (SELECT batch, row ${ofMembers(plan, scope)})`;

const rowsOf = ({ stream, schema, members }: InsertPlan): Fragment =>
  sql`(SELECT *, count() OVER () AS total, ${memberOf(members)} AS member FROM ${source({ stream, schema })})`;

/** What only the statement may say of a row, in the order of `ownColumns`. */
const ownValues = ({ stream, members, ingester }: InsertPlan): Fragment => {
  const { policy } = members[0]!;
  const days = retentionDays(policy, stream);
  // One day more than asked: `expires > today()` must hold through the whole of the last one.
  if (stream === "series") return sql`toDate(now()) + ${param.uint32(days + 2)}`;
  const retention = sql`${param.uint32(retentionClass(days))}, toDate(timestamp) + ${param.uint32(days + 1)}`;
  if (stream !== "logs" && stream !== "spans") return sql`now64(3), ${retention}`;
  const addresses = sql`CAST(${param.strings(members.map(({ sourceIp }) => sourceIp))}, 'Array(IPv6)')`;
  return sql`now64(3), ${addresses}[member], ${param.string(ingester)}, ${retention}`;
};

const ownColumns: Readonly<Record<Stream, Fragment>> = {
  logs: sql`received, source_ip, ingester, retention, expires`,
  samples: sql`received, retention, expires`,
  spans: sql`received, source_ip, ingester, retention, expires`,
  histograms: sql`received, retention, expires`,
  exemplars: sql`received, retention, expires`,
  series: sql`expires`,
};

/** Stores the members' rows; as a repeat only those that are not there. */
export const insertStatement = (plan: InsertPlan, repeat: boolean): Statement => {
  const { stream, members } = plan;
  const scope = new TenantScope(members[0]!.policy.tenant);
  const { columns } = FORMS[stream];
  const conditions = [begins(plan), ...claims(plan)];
  if (!isIdempotent(stream)) {
    conditions.push(sql`NOT ${tooOld(plan)}`, sql`NOT ${tooNew(plan)}`);
    if (repeat) conditions.push(missing(plan, scope));
  }
  return scope.statement(
    sql`${scope.insertInto(stream)} (tenant, ${columns}, ${ownColumns[stream]}) SELECT ${scope.tenantValue} AS tenant, ${columns}, ${ownValues(plan)} FROM ${rowsOf(plan)} WHERE ${and(conditions)} FORMAT Native`,
  );
};

/**
 * Writes nothing anywhere; its count of written rows is the number of rows outside the window that
 * are not stored.
 */
export const countRefusedStatement = (plan: InsertPlan, reason: "too_old" | "too_new"): Statement => {
  const scope = new TenantScope(plan.members[0]!.policy.tenant);
  const outside = reason === "too_old" ? tooOld(plan) : tooNew(plan);
  return scope.statement(
    sql`INSERT INTO FUNCTION null('row UInt32') SELECT row FROM ${source(plan)} WHERE ${and([outside, missing(plan, scope)])} FORMAT Native`,
  );
};

/** key, rows: how many of each member's rows are stored. */
export const countStoredStatement = (plan: Pick<InsertPlan, "stream" | "members">): Statement => {
  const scope = new TenantScope(plan.members[0]!.policy.tenant);
  const { members } = plan;
  const isClaimed = sql`row >= ${firstRows(members)}[${memberOf(members)}] AND row < ${endRows(members)}[${memberOf(members)}]`;
  return scope.statement(sql`SELECT toString(batch) AS key, count() AS rows ${ofMembers(plan, scope)} AND ${isClaimed} GROUP BY batch`);
};
