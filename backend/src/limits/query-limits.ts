/**
 * The store as queries may use it: every statement on a tenant's rows waits for a place (fair-gate.ts)
 * and runs within the tenant's limits on time, memory and rows. What has no tenant, and what
 * delivery and rollups do, does not come through here.
 */

import type { TenantPolicy } from "../core/contracts.ts";
import type { PolicyOf } from "../core/metadata.ts";
import { type ReadOptions, type SqlReadOptions, type Store, withRead } from "../core/store.ts";
import type { Statement } from "../sql/sql.ts";
import { FairGate, type GateLimits } from "./fair-gate.ts";

export interface LimitedStore {
  readonly store: Store;
  /** Statements that run, and that wait. */
  readonly gate: { readonly running: number; readonly waiting: number };
}

export interface QueryLimitOptions extends Partial<GateLimits> {
  readonly store: Store;
  readonly policyOf: PolicyOf;
}

/** A page of 20 panels of a few statements each, for several people. */
const WAITING_PER_TENANT = 256;
const MAX_WAIT_MS = 30_000;
/**
 * A statement keeps about one core busy; more at once than about twice the cores take turns at
 * the same speed and hold more memory. Below the embedded store's 64 with room for what writes.
 */
const QUERIES_AT_ONCE = 16;

export const createQueryLimits = ({ store, policyOf, atOnce = QUERIES_AT_ONCE, waitingPerTenant = WAITING_PER_TENANT, maxWaitMs = MAX_WAIT_MS }: QueryLimitOptions): LimitedStore => {
  const gate = new FairGate({ atOnce, waitingPerTenant, maxWaitMs });

  const read = async <T>(statement: Statement, options: ReadOptions = {}): Promise<T[]> => {
    if (statement.tenant === undefined) return store.read<T>(statement, options);
    const policy = await policyOf(statement.tenant);
    const leave = await gate.enter(statement.tenant, policy?.queryLimits.atOnce ?? atOnce, options.signal);
    try {
      return await store.read<T>(statement, policy ? within(options, policy.queryLimits) : options);
    } finally {
      leave();
    }
  };

  const readSql = async function* (statement: Statement, options: SqlReadOptions): AsyncGenerator<readonly string[]> {
    if (statement.tenant === undefined) return yield* store.readSql(statement, options);
    const policy = await policyOf(statement.tenant);
    const leave = await gate.enter(statement.tenant, policy?.queryLimits.atOnce ?? atOnce, options.signal);
    try {
      yield* store.readSql(statement, policy ? { ...options, limits: sqlLimits(policy.queryLimits) } : options);
    } finally {
      leave();
    }
  };

  return { store: withRead(store, read, readSql), gate };
};

/** The narrower of what the query asked for and what the tenant may. */
const within = (options: ReadOptions, { seconds, memoryBytes, rows }: TenantPolicy["queryLimits"]): ReadOptions => ({
  ...options,
  maxExecutionSeconds: Math.min(options.maxExecutionSeconds ?? DEFAULT_SECONDS, seconds),
  settings: { ...options.settings, ...narrowed("max_memory_usage", memoryBytes, options), ...narrowed("max_rows_to_read", rows, options) },
});

const sqlLimits = ({ seconds, memoryBytes, rows }: TenantPolicy["queryLimits"]): NonNullable<SqlReadOptions["limits"]> => ({
  seconds,
  ...(memoryBytes !== null && { memoryBytes }),
  ...(rows !== null && { rows }),
});

const DEFAULT_SECONDS = 30;

/** 0 is "no limit" to ClickHouse. */
const narrowed = (setting: string, allowed: number | null, { settings }: ReadOptions): Readonly<Record<string, number>> => {
  if (allowed === null) return {};
  const asked = settings?.[setting];
  return { [setting]: typeof asked === "number" && asked > 0 ? Math.min(asked, allowed) : allowed };
};
