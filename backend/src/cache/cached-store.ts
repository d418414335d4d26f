/**
 * The store with answers told again: statements that say up to when their rows reach
 * (`ReadOptions.upToMs`) are asked once per lifetime, and once at a time.
 *
 * - The key holds all that an answer depends on: tenant, text, parameters, settings. The tenant is
 *   among the parameters too; it stands in the key so that no mistake in a statement can mix tenants.
 * - Whoever asks for what is being read waits for it. It is ended when the last of them has left.
 * - Failures are not kept.
 */

import { createHash } from "node:crypto";
import type { Clock } from "../core/metadata.ts";
import type { ResultCache } from "../core/result-cache.ts";
import { type ReadOptions, type Store, withRead } from "../core/store.ts";
import type { Statement } from "../sql/sql.ts";
import { lifetimeMs } from "./lifetime.ts";

/** Larger answers cost more to keep than to ask for again: their cost is in reading and sending them. */
const MAX_TEXT = 4 * 1024 ** 2;
/** A row of a column or two is no shorter as JSON: more of them than this are not even written. */
const MAX_ROWS = 200_000;

export interface CachedStore {
  readonly store: Store;
  readonly counters: { readonly hits: number; readonly misses: number; readonly shared: number };
}

interface Reading {
  readonly rows: Promise<unknown[]>;
  readonly ended: AbortController;
  waiting: number;
}

export const createCachedStore = (store: Store, cache: ResultCache, clock: Clock = Date.now): CachedStore => {
  const counters = { hits: 0, misses: 0, shared: 0 };
  const readings = new Map<string, Reading>();

  const ask = async (key: string, statement: Statement, options: ReadOptions, upToMs: number): Promise<unknown[]> => {
    const kept = parsed(await cache.get(key));
    if (kept) {
      counters.hits++;
      return kept;
    }
    counters.misses++;
    const askedAt = clock();
    const rows = await store.read<unknown>(statement, options);
    const text = rows.length <= MAX_ROWS ? JSON.stringify(rows) : undefined;
    // Rows that came after it was asked are not in it: its lifetime begins there.
    const left = lifetimeMs(upToMs, askedAt) - (clock() - askedAt);
    if (text !== undefined && text.length <= MAX_TEXT && left > 0) await cache.set(key, text, left);
    return rows;
  };

  const begin = (key: string, statement: Statement, options: ReadOptions, upToMs: number): Reading => {
    const ended = new AbortController();
    const rows = ask(key, statement, { ...options, signal: ended.signal }, upToMs);
    const reading = { rows, ended, waiting: 0 };
    readings.set(key, reading);
    const forget = (): void => {
      if (readings.get(key) === reading) readings.delete(key);
    };
    rows.then(forget, forget);
    return reading;
  };

  const read = async <T>(statement: Statement, options: ReadOptions = {}): Promise<T[]> => {
    const { upToMs, signal, ...rest } = options;
    if (upToMs === undefined || statement.tenant === undefined) return store.read<T>(statement, options);
    signal?.throwIfAborted();
    const key = keyOf(statement, rest);
    const under = readings.get(key);
    if (under) counters.shared++;
    const reading = under ?? begin(key, statement, rest, upToMs);
    reading.waiting++;
    try {
      const rows = await untilAborted(reading.rows, signal);
      // What is shared is not given away: a caller may change its rows.
      return (reading.waiting > 1 || under ? structuredClone(rows) : rows) as T[];
    } finally {
      if (--reading.waiting === 0) {
        if (readings.get(key) === reading) readings.delete(key);
        reading.ended.abort();
      }
    }
  };

  return { store: withRead(store, read), counters };
};

/** Not of how long it may take: that decides whether there is an answer, and failures are not kept. */
const keyOf = ({ tenant, text, params }: Statement, { settings }: ReadOptions): string =>
  createHash("sha256").update(JSON.stringify([tenant, text, params, settings], writeBigInt)).digest("base64url");

const writeBigInt = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}n` : value);

/** What stands in a shared cache is not trusted to be ours: anything but an array is as good as nothing. */
const parsed = (text: string | undefined): unknown[] | undefined => {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const untilAborted = <T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
};
