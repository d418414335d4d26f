/**
 * Names as PromQL writes them. Metrics and labels are stored as they were sent (`http.server.duration`,
 * `service.name`); a name in which only letters, digits, `_` (and in metrics `:`) stand also finds those that
 * become it when everything else is `_`, as Prometheus' OTLP translation has them.
 */

import { param, sql, type Fragment } from "../../sql/sql.ts";

const ODD_IN_METRIC = /[^a-zA-Z0-9_:]/g;
const ODD_IN_LABEL = /[^a-zA-Z0-9_]/g;

export const metricName = (stored: string): string => stored.replaceAll(ODD_IN_METRIC, "_");
export const labelName = (stored: string): string => stored.replaceAll(ODD_IN_LABEL, "_");

/** The metric's name as above. */
export const METRIC = sql`replaceRegexpAll(toString(metric), '[^a-zA-Z0-9_:]', '_')`;

/** Name -> value, with names as above. A label that was stored under such a name wins. */
export const labelValue = (name: string): Fragment =>
  // Without `_` no other name becomes it, and looking it up is 20 times cheaper than renaming all.
  name.includes("_")
    ? sql`if(mapContains(labels, ${param.string(name)}), toString(labels[${param.string(name)}]), toString(mapValues(mapFilter((key, value) -> replaceRegexpAll(toString(key), '[^a-zA-Z0-9_]', '_') = ${param.string(name)}, labels))[1]))`
    : sql`toString(labels[${param.string(name)}])`;
