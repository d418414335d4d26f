/** Rows of logs in the order of time, page by page, within bounds: for stages that only the evaluator knows. */

import type { ReadOptions, Store } from "../../core/store.ts";
import { param, sql, type Fragment, type TenantScope } from "../../sql/sql.ts";
import { EVERY_ROW } from "../filter.ts";
import { beyond, type LogPosition } from "../log-cursor.ts";
import { positionOf } from "../log-rows.ts";
import { logsMatching } from "../log-source.ts";
import { TimeWindows, type SortOrder } from "../time-windows.ts";
import type { TimeRange } from "../validate.ts";
import { ENTRY_COLUMNS, type EntryRow } from "./labels.ts";

export interface Asking {
  readonly store: Store;
  readonly scope: TenantScope;
  readonly signal?: AbortSignal | undefined;
  /** performance.now() at which the query is to be over. */
  readonly deadlineMs: number;
}

export interface RowLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** Bytes of text that one page should have, and the rows of the first one, when none is known of. */
const PAGE_BYTES = 32 * 1024 * 1024;
const FIRST_PAGE_ROWS = 500;
const MOST_PAGE_ROWS = 20_000;

/** Go and the store read numbers alike; NaN and infinities are told as text. */
export const READ_SETTINGS = { precise_float_parsing: 1, output_format_json_quote_denormals: 1 };

/** With the end of a range: the answer may be told again (core/store.ts). */
export const readOptions = ({ deadlineMs, signal }: Asking, upTo?: Pick<TimeRange, "endNs">): ReadOptions => ({
  maxExecutionSeconds: Math.max(1, Math.ceil((deadlineMs - performance.now()) / 1_000)),
  settings: READ_SETTINGS,
  ...(upTo && { upToMs: Number(upTo.endNs / 1_000_000n) }),
  ...(signal && { signal }),
});

export class RowReader<Row extends EntryRow = EntryRow> {
  readonly #asking: Asking;
  readonly #limits: RowLimits;
  rows = 0;
  bytes = 0;
  /** The limits ended the reading. */
  isCut = false;

  constructor(asking: Asking, limits: RowLimits) {
    this.#asking = asking;
    this.#limits = limits;
  }

  /** `wanted`: rows that would do if all were taken. `more` are columns besides those of an EntryRow. */
  async *pages(range: TimeRange, where: Fragment, order: SortOrder, wanted: number, more: Fragment = sql``): AsyncGenerator<readonly Row[]> {
    const windows = new TimeWindows(range, order);
    let pageRows = Math.min(MOST_PAGE_ROWS, Math.max(FIRST_PAGE_ROWS, wanted));
    for (let window = windows.next(); window; window = windows.next()) {
      let found = 0;
      let after: LogPosition | undefined;
      for (;;) {
        const left = this.#limits.maxRows - this.rows;
        if (left <= 0 || this.bytes >= this.#limits.maxBytes) {
          this.isCut = true;
          return;
        }
        const asked = Math.min(pageRows, left);
        const page = await this.#page(after ? behind(window, after, order) : window, where, order, asked, after, more);
        this.#count(page);
        found += page.length;
        if (page.length > 0) yield page;
        if (page.length < asked) break;
        after = positionOf(page.at(-1)!);
        pageRows = Math.max(1, Math.min(MOST_PAGE_ROWS, pageRows * 2, Math.floor(PAGE_BYTES / (this.bytes / this.rows))));
      }
      windows.widen(found, pageRows);
    }
  }

  #count(page: readonly Row[]): void {
    this.rows += page.length;
    for (const { message, attributes } of page) {
      this.bytes += message.length;
      for (const name in attributes) this.bytes += name.length + attributes[name]!.length;
    }
  }

  #page(range: TimeRange, where: Fragment, order: SortOrder, limit: number, after: LogPosition | undefined, more: Fragment): Promise<Row[]> {
    const { store, scope } = this.#asking;
    const direction = order === "desc" ? sql`DESC` : sql`ASC`;
    const place = after ? sql` AND (${beyond(after, order)})` : sql``;
    return store.read<Row>(
      scope.statement(sql`
        SELECT ${ENTRY_COLUMNS}${more}
        ${logsMatching(scope, range, EVERY_ROW)} AND (${where})${place}
        ORDER BY timestamp ${direction}, batch ${direction}, row ${direction}
        LIMIT ${param.uint32(limit)}`),
      readOptions(this.#asking),
    );
  }
}

/** The nanosecond of the position may hold more rows. */
const behind = (range: TimeRange, { timestampNs }: LogPosition, order: SortOrder): TimeRange => (order === "desc" ? { ...range, endNs: timestampNs } : { ...range, startNs: timestampNs });
