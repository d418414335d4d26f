import type { Store } from "../../core/store.ts";
import type { Statement } from "../../sql/sql.ts";
import type { OutputColumn } from "./compile-query.ts";

/** A statement on its way to the store. */
export interface Running {
  readonly store: Store;
  readonly statement: Statement;
  readonly columns: readonly OutputColumn[];
  readonly signal: AbortSignal | undefined;
}
