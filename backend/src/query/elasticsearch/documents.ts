/** One document by its id, and the indices that there are. */

import { ElasticsearchError, type ElasticsearchRequest } from "../../core/elasticsearch.ts";
import { INDEX_ATTRIBUTE } from "../../core/elasticsearch-names.ts";
import { sql, param } from "../../sql/sql.ts";
import { allOf } from "../filter.ts";
import { logsMatching } from "../log-source.ts";
import { fieldOf } from "./dsl/context.ts";
import { fieldText } from "./field-values.ts";
import { selectIndices } from "./index-names.ts";
import { mappingsOf } from "./mapping.ts";
import { createReading } from "./search/reading.ts";
import { parameter, parseSearch } from "./search/request.ts";
import { runSearch, type Asking } from "./search/search.ts";
import { timeBounds } from "./search/time-bounds.ts";

const BUDGET_MS = 10_000;
const MAX_INDICES = 10_000;

/** The newest of those that have the id. Throws 404 `resource_not_found_exception`. */
export const document = async (asking: Asking, { index, id, parameters }: ElasticsearchRequest & { readonly id: string }): Promise<object> => {
  const answer = (await runSearch(asking, parseSearch({ index, parameters, body: { query: { ids: { values: [id] } }, size: 1, track_total_hits: false } }, asking.nowMs))) as { hits: { hits: readonly Record<string, unknown>[] } };
  const [hit] = answer.hits.hits;
  if (!hit) throw new ElasticsearchError(404, "resource_not_found_exception", `Document not found [${index}]/[${id.slice(0, 200)}]`, { found: false });
  const { _score, ...found } = hit;
  return { ...found, _version: 1, _seq_no: 0, _primary_term: 1, found: true };
};

/** `GET /<index>` */
export const describeIndex = async (asking: Asking, request: ElasticsearchRequest): Promise<object> => ({ [request.index ?? "logs"]: { aliases: {}, mappings: await mappingsOf(asking, request), settings: { index: { number_of_shards: "1", number_of_replicas: "0", provided_name: request.index } } } });

export interface IndexLine {
  readonly health: string;
  readonly status: string;
  readonly index: string;
  readonly pri: string;
  readonly rep: string;
  readonly "docs.count": string;
  readonly "docs.deleted": string;
}

const COLUMNS: readonly (keyof IndexLine)[] = ["health", "status", "index", "pri", "rep", "docs.count", "docs.deleted"];

/** `_cat/indices`: as text, or as JSON by `?format=json`. */
export const listIndices = async ({ store, scope, nowMs, signal }: Asking, { index, parameters }: ElasticsearchRequest): Promise<string | readonly Partial<IndexLine>[]> => {
  const filter = allOf([selectIndices(index, nowMs).filter]);
  const reading = createReading({ store, scope, budgetMs: BUDGET_MS, signal });
  const range = timeBounds(filter, nowMs);
  const rows = await reading.read<{ index: string; docs: number }>(
    scope.statement(sql`
      SELECT ${fieldText(fieldOf(INDEX_ATTRIBUTE))} AS index, toFloat64(count()) AS docs
      ${logsMatching(scope, range, filter)}
      GROUP BY index ORDER BY index LIMIT ${param.uint32(MAX_INDICES)}`),
    range,
  );
  if (!rows) throw new ElasticsearchError(504, "timeout_exception", "The indices could not be counted within their time: name some, such as logs-2026.11.*");
  const lines = rows.map(({ index: name, docs }): IndexLine => ({ health: "green", status: "open", index: name, pri: "1", rep: "0", "docs.count": String(docs), "docs.deleted": "0" }));
  const asked = parameter(parameters, "h")?.split(",");
  const columns = asked === undefined ? COLUMNS : COLUMNS.filter((column) => asked.includes(column) || asked.includes({ index: "i", health: "h", status: "s", "docs.count": "dc" }[column as "index"] ?? ""));
  if (parameter(parameters, "format") === "json") return lines.map((line) => Object.fromEntries(columns.map((column) => [column, line[column]])));
  const heading = parameter(parameters, "v");
  const table = [...(heading === undefined || heading === "false" ? [] : [columns as readonly string[]]), ...lines.map((line) => columns.map((column) => line[column]))];
  const widths = columns.map((_column, i) => table.reduce((width, cells) => Math.max(width, cells[i]!.length), 0));
  return table.map((cells) => `${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" ").trimEnd()}\n`).join("");
};
