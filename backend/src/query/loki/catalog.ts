/** Which labels, values and streams there are. */

import { param, sql, type Fragment } from "../../sql/sql.ts";
import { EVERY_ROW } from "../filter.ts";
import { logsMatching } from "../log-source.ts";
import type { TimeRange } from "../validate.ts";
import type { LogExpr } from "../logql/index.ts";
import { conditionsOf, type Conditions } from "./conditions.ts";
import { labelText, STREAM_LABELS, streamLabels } from "./labels.ts";
import { badQuery } from "../logql/index.ts";
import { readOptions, type Asking } from "./rows.ts";

const MAX_VALUES = 10_000;
const MAX_SERIES = 10_000;
/** Values that label browsers are shown. */
const MAX_SELECTORS = 50;

/** Of several selectors one is enough; none at all means all streams. */
export const whereAny = (selectors: readonly LogExpr[]): Fragment => {
  if (selectors.length > MAX_SELECTORS) throw badQuery(`too many match[] parameters: ${selectors.length}, the most is ${MAX_SELECTORS}`);
  const [first, ...rest] = selectors.map(exactly).map(({ where }) => sql`(${where})`);
  return first ? rest.reduce((all, each) => sql`${all} OR ${each}`, first) : sql`1`;
};

/** Throws for stages that only the evaluator knows. */
export const exactly = ({ matchers, stages }: LogExpr): Conditions => {
  const conditions = conditionsOf(matchers, stages);
  if (!conditions.exact || conditions.doubt) throw badQuery("only stream selectors, line filters and filters on the text of labels are allowed here, such as {service=\"api\"} |= \"error\"");
  return conditions;
};

const from = ({ scope }: Asking, range: TimeRange, where: Fragment): Fragment => sql`${logsMatching(scope, range, EVERY_ROW)} AND (${where})`;

/** Names of streams' labels that some row has. */
export const labelNames = async (asking: Asking, range: TimeRange, selectors: readonly LogExpr[]): Promise<string[]> => {
  const [row] = await asking.store.read<{ found: readonly number[] }>(
    asking.scope.statement(sql`SELECT [count() > 0, max(service != ''), max(host != ''), max(environment != ''), max(severity > 0)] AS found ${from(asking, range, whereAny(selectors))}`),
    readOptions(asking, range),
  );
  return STREAM_LABELS.filter((_name, index) => Number(row?.found[index] ?? 0) > 0).sort();
};

/** Of a stream's label or of metadata, in order. */
export const labelValues = async (asking: Asking, name: string, range: TimeRange, selectors: readonly LogExpr[]): Promise<string[]> => {
  const rows = await asking.store.read<{ value: string }>(
    asking.scope.statement(sql`SELECT ${labelText(name)} AS value ${from(asking, range, whereAny(selectors))} AND (${labelText(name)} != '') GROUP BY value ORDER BY value LIMIT ${param.uint32(MAX_VALUES)}`),
    readOptions(asking, range),
  );
  return rows.map(({ value }) => value);
};

/** Label sets of streams. */
export const seriesOf = async (asking: Asking, range: TimeRange, selectors: readonly LogExpr[]): Promise<Record<string, string>[]> => {
  const rows = await asking.store.read<{ service: string; host: string; environment: string; lowest: number }>(
    asking.scope.statement(sql`
      SELECT service, host, environment, min(severity) AS lowest
      ${from(asking, range, whereAny(selectors))}
      GROUP BY service, host, environment, ${labelText("level")} ORDER BY service, host, environment, lowest LIMIT ${param.uint32(MAX_SERIES)}`),
    readOptions(asking, range),
  );
  return rows.map((row) => Object.fromEntries(streamLabels({ ...row, severity: row.lowest })));
};
