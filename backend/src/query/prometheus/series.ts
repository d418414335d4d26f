/** Which series a selector means, and their labels. */

import type { Store } from "../../core/store.ts";
import { and, param, sql, type Fragment, type TenantScope } from "../../sql/sql.ts";
import { Labels, METRIC_NAME, type Matcher } from "../promql/index.ts";
import { labelName, labelValue, METRIC, metricName } from "./names.ts";
import { millis } from "../metrics/series-source.ts";

/** Agents tell of a series when it is new and once a day: `last_seen` may be that much too early. */
const SERIES_REPEAT_MS = 25 * 3_600_000;

/** ms since 1970. */
export interface Range {
  readonly startMs: number;
  readonly endMs: number;
}

export interface FoundSeries {
  /** 64 bits, decimal. */
  readonly id: string;
  readonly labels: Labels;
  readonly kind: string;
}

const compare = ({ operator, value }: Matcher, of: Fragment): Fragment => {
  // Both use RE2, so they mean the same here as in the engine.
  const pattern = param.string(`^(?s:${value})$`);
  switch (operator) {
    case "=":
      return sql`${of} = ${param.string(value)}`;
    case "!=":
      return sql`${of} != ${param.string(value)}`;
    case "=~":
      return sql`match(${of}, ${pattern})`;
    default:
      return sql`NOT match(${of}, ${pattern})`;
  }
};

const condition = (matcher: Matcher): Fragment => {
  if (matcher.name !== METRIC_NAME) return compare(matcher, labelValue(matcher.name));
  // The exact name is in the primary key.
  if (matcher.operator === "=") return sql`metric = ${param.string(matcher.value)} OR ${METRIC} = ${param.string(matcher.value)}`;
  return compare(matcher, METRIC);
};

/** FROM series, of a tenant, alive in the range, that match all. Append nothing but GROUP BY and what follows it. */
export const matchingSeries = (scope: TenantScope, matchers: readonly Matcher[], { startMs, endMs }: Range): Fragment => sql`
  ${scope.from("series")} AND last_seen >= ${millis(Math.floor(startMs) - SERIES_REPEAT_MS)} AND first_seen <= ${millis(Math.ceil(endMs))} AND (${and(matchers.map(condition))})`;

interface Row {
  readonly id: string;
  readonly found_metric: string;
  readonly found_labels: Readonly<Record<string, string>>;
  readonly found_kind: string;
}

/** As Prometheus names them; where two stored labels become one, the first in order stays. */
export const labelsOf = (metric: string, stored: Readonly<Record<string, string>>): Labels => {
  const labels = new Map<string, string>([[METRIC_NAME, metricName(metric)]]);
  const names = Object.keys(stored).sort((one, other) => Number(labelName(one) !== one) - Number(labelName(other) !== other) || (one < other ? -1 : 1));
  for (const name of names) if (!labels.has(labelName(name))) labels.set(labelName(name), stored[name]!);
  return Labels.of(labels);
};

/** At most `limit` and one more. */
export const findSeries = async (store: Store, scope: TenantScope, matchers: readonly Matcher[], range: Range, limit: number, signal?: AbortSignal): Promise<FoundSeries[]> => {
  const statement = scope.statement(sql`
    SELECT toString(series) AS id, toString(any(metric)) AS found_metric, any(labels) AS found_labels, toString(any(kind)) AS found_kind
    ${matchingSeries(scope, matchers, range)}
    GROUP BY series LIMIT ${param.uint32(limit + 1)}`);
  const rows = await store.read<Row>(statement, { upToMs: range.endMs, ...(signal && { signal }) });
  return rows.map((row) => ({ id: row.id, labels: labelsOf(row.found_metric, row.found_labels), kind: row.found_kind }));
};
