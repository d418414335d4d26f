/** One search's hold on the store: tenant, deadline, cancellation, and what its answers may weigh. */

import type { Store } from "../../../core/store.ts";
import type { Statement, TenantScope } from "../../../sql/sql.ts";
import { isTimeout } from "../../timeout.ts";
import type { TimeRange } from "../../validate.ts";

/** A page of 10,000 rows of 10 kB; V8's longest string is four times that. */
const MAX_ANSWER_BYTES = 128 * 1024 ** 2;

export interface Reading {
  readonly scope: TenantScope;
  /** Rows of the answer; undefined when the time ran out. `range`: the answer may be told again for a while that grows with the age of its end. */
  read<T>(statement: Statement, range?: TimeRange): Promise<T[] | undefined>;
  /** Something of the answer is missing, for want of time. */
  readonly timedOut: boolean;
}

export const createReading = ({ store, scope, budgetMs, signal }: { store: Store; scope: TenantScope; budgetMs: number; signal: AbortSignal | undefined }): Reading => {
  const deadlineMs = performance.now() + budgetMs;
  let timedOut = false;
  return {
    scope,
    get timedOut() {
      return timedOut;
    },
    async read<T>(statement: Statement, range?: TimeRange) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return (timedOut = true), undefined;
      try {
        const options = { maxExecutionSeconds: Math.max(1, Math.ceil(leftMs / 1_000)), settings: { max_result_bytes: MAX_ANSWER_BYTES }, ...(range && { upToMs: Number(range.endNs / 1_000_000n) }), ...(signal && { signal }) };
        return await store.read<T>(statement, options);
      } catch (error) {
        if (!isTimeout(error)) throw error;
        timedOut = true;
        return undefined;
      }
    },
  };
};
