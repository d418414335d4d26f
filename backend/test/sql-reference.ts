/** Generated reference: docs/sql.md. What the tables, functions and limits are comes from the code. */

import { MAX_COLUMNS, MAX_TABLES } from "../src/query/sql/compile-query.ts";
import { FUNCTIONS, TYPES, type FunctionUse } from "../src/query/sql/functions.ts";
import { DEFAULT_ROWS, MAX_JSON_CHARACTERS, MAX_JSON_ROWS, MAX_STREAM_ROWS, MAX_VALUES } from "../src/query/sql/index.ts";
import { MAX_SQL_LENGTH } from "../src/query/sql/lexer.ts";
import { SQL_TABLES, type Table } from "../src/query/sql/tables.ts";
import { MAX_NESTING } from "../src/query/sql/tokens.ts";
import { sqlUserSettings } from "../src/store/sql-user.ts";

const LIMITS = sqlUserSettings(0);
const number = (value: unknown): string => Number(value).toLocaleString("en-US");

const tableReference = ({ name, doc, columns }: Table): string =>
  [`### ${name}`, "", doc, "", "| column | type | what |", "| --- | --- | --- |", ...columns.map((column) => `| \`${column.name}\` | \`${column.type}\` | ${column.doc} |`)].join("\n");

const functionsOf = (use: FunctionUse): string => FUNCTIONS.filter((one) => one.use === use).map(({ name }) => `\`${name}\``).join(", ");

export const sqlReference = (): string => `<!-- Generated: npx vitest run backend/test/app-reference.test.ts -u -->
# SQL

\`POST /api/v1/query/sql\` answers SQL over a tenant's logs, metrics and spans. It reads, and does nothing else.

\`\`\`json
{ "query": "SELECT host, count() AS errors FROM logs WHERE level = 'ERROR' GROUP BY host", "time_range": { "start": "now-1h", "end": "now" }, "limit": 100, "format": "json" }
\`\`\`

| field | meaning |
| --- | --- |
| \`query\` | one statement, up to ${number(MAX_SQL_LENGTH)} characters |
| \`time_range\` | every table is read between these times, as in [search](search.md); left out: all that is kept. The \`WHERE\` may narrow it |
| \`limit\` | rows of the answer: ${number(DEFAULT_ROWS)} unless said otherwise, up to ${number(MAX_JSON_ROWS)} (JSON) or ${number(MAX_STREAM_ROWS)} (CSV and NDJSON, where that is the default) |
| \`format\` | \`json\`; \`csv\` with a line of names; \`ndjson\`, one object per line |

\`\`\`json
{ "columns": [{ "name": "host", "type": "LowCardinality(String)" }, { "name": "errors", "type": "UInt64" }], "rows": [["web-01", 3]], "completeness": { "truncated": false, "weights": false }, "took_ms": 12 }
\`\`\`

- Times are ISO 8601 in UTC. Integers beyond 2^53 are text, and so are \`inf\`, \`-inf\` and \`nan\`. CSV has nothing where there is NULL.
- \`truncated\`: there are more rows than \`limit\`. \`weights\`: in the time that was read, agents sampled some rows, which stand for more than themselves; \`sum(weight)\` counts them, \`count()\` does not. \`null\`: not known, looking would have taken too long.
- CSV and NDJSON are sent as they are read. What fails on the way breaks the connection off: an answer that ended is whole.
- A client that goes away ends its statement in the store.

## Tables

\`SHOW TABLES\` and \`DESCRIBE logs\` tell the same.

${SQL_TABLES.map(tableReference).join("\n\n")}

Entries of a map: \`attributes['http.route']\`, \`labels['state']\`, or with dots: \`attributes.http.route\`, \`labels.state\`. What has a dot and is no column is an attribute: \`context.endpoint\`, \`http.route\` (an attribute \`x\` and one \`context.x\` are found by either name, as in search). \`service.name\`, \`host.name\` and \`@timestamp\` are the columns that search means by them. An entry that is not there is the empty text.

## Statements

ClickHouse's SQL, and PostgreSQL's where people are used to it:

\`\`\`
statement = ( query | SHOW TABLES | ( DESCRIBE | DESC ) table ) [ ; ]
query     = [ WITH name [ ( names ) ] AS ( query ), ... ] term { UNION [ ALL | DISTINCT ] term }
            [ ORDER BY expr [ ASC | DESC ] [ NULLS FIRST | NULLS LAST ], ... ]
            [ LIMIT n BY exprs ] [ LIMIT n ] [ OFFSET n ]
term      = select | ( query )
select    = SELECT [ DISTINCT ] items [ FROM from ] [ WHERE expr ] [ GROUP BY exprs ] [ HAVING expr ]
            [ WINDOW name AS ( window ), ... ]
items     = * [ EXCEPT ( names ) ] | table.* | expr [ AS name ]
from      = table [ AS name ] | ( query ) [ AS name ] | from join from ON expr | from join from USING ( names ) | from, from
join      = [ INNER ] JOIN | LEFT JOIN | RIGHT JOIN | FULL JOIN | CROSS JOIN | ASOF JOIN | ASOF LEFT JOIN
\`\`\`

Expressions, loosest first: \`OR\`, \`AND\`, \`NOT\`, comparisons (\`=\` \`==\` \`!=\` \`<>\` \`<\` \`<=\` \`>\` \`>=\` \`[NOT] LIKE\` \`[NOT] ILIKE\` \`[NOT] IN\` \`[NOT] BETWEEN\` \`IS [NOT] NULL\`, and \`~\` \`~*\` \`!~\` \`!~*\` with RE2 expressions), \`||\`, \`+ -\`, \`* / %\`, \`::type\`, \`[index]\`. Also \`CASE\`, \`CAST(x AS type)\`, \`EXTRACT(hour FROM x)\`, \`EXISTS (query)\`, \`(query)\` for a value, \`f(x) FILTER (WHERE c)\`, \`f(x) OVER (PARTITION BY ... ORDER BY ... ROWS BETWEEN ...)\`, \`x -> x + 1\` in functions on arrays.

- **Text** goes in single quotes, \`''\` or \`\\'\` for the quote itself. Names that are no plain words go in double quotes or backticks. \`--\` and \`/* */\` are comments.
- **Times**: a text beside a time is read as one: \`timestamp > '2026-01-31 12:00:00'\`, ISO 8601, an epoch. \`NOW()\`, \`CURRENT_TIMESTAMP\`, \`today()\` and \`yesterday()\` are of the request, the same everywhere in it.
- **Spans of time**: \`90s\`, \`5m\`, \`1h30m\`, \`7d\`, \`INTERVAL '1 hour 30 minutes'\`, \`INTERVAL 5 MINUTE\`. Units ns us ms s m h d w, and in words up to years.
- **Names of items** may be used in \`GROUP BY\`, \`HAVING\` and \`ORDER BY\`, where they go before columns of the same name, and in \`WHERE\`, where they come after them. \`GROUP BY 1\` and \`ORDER BY 2\` mean items.
- \`COUNT(l.*)\` counts the rows that a join found in \`l\`. An outer join leaves NULL where it found none.
- **Nothing fails on a value**: what does not convert, \`5 % 0\` and \`intDiv(1, 0)\` are NULL; \`1 / 0\` is \`inf\`.
- **Words in messages** have an index. \`message LIKE '%connection refused by%'\` is quick where it holds whole words (here: refused), as \`=\`, \`ILIKE\` and \`hasToken\` are; \`hasAllTokens(lower(message), ['timeout', 'db'])\` asks it alone. \`LIKE '%part%'\` and \`~\` look at every message of the time range.
- A join on times (\`l.timestamp BETWEEN m.timestamp - 1m AND m.timestamp + 1m\`) is quick when it has an equality beside it, such as the host.

Types of CAST: ${[...TYPES.keys()].map((name) => `\`${name}\``).join(", ")}.

### Functions

Found in any case. Their meaning is [ClickHouse's](https://clickhouse.com/docs/sql-reference/functions).

Of one row: \`now\`, \`now64\`, \`today\`, \`yesterday\`, ${functionsOf("scalar")}.

Aggregates, also with \`OVER\`: ${functionsOf("aggregate")}. \`quantile(0.95)(x)\`, \`topK(10)(x)\` and the like have their parameter in front.

With \`OVER\` only: ${functionsOf("window")}.

## Limits

A statement may run ${number(LIMITS["max_execution_time"])} seconds, the sending of its answer included, look at ${number(LIMITS["max_rows_to_read"])} rows and ${number(Number(LIMITS["max_bytes_to_read"]) / 1e9)} GB, and take 40 % of the embedded store's memory; a tenant's limits on queries narrow this. It may name ${MAX_TABLES} tables, ${number(MAX_COLUMNS)} columns and ${number(MAX_VALUES)} values (a list behind \`IN\` counts as one) and nest ${MAX_NESTING} deep. A JSON answer has up to ${number(MAX_JSON_CHARACTERS / 1e6)} MB. A tenant's statements take turns with its other queries.

## Errors

400 \`invalid_query\` with the place: \`details\` is \`{ "offset", "length", "hint" }\`, in UTF-16 code units. 422 \`query_failed\` is what only the store finds out, 504 \`query_timeout\` the end of the time.

## What keeps tenants apart

The statement is never handed on. It is parsed, its names are looked up in the tables, columns, functions and types above, and new SQL is written from what was understood, with every value as a parameter and every table replaced by a SELECT of the tenant's rows. Whatever is not on this page does not exist: other databases, \`system\`, table functions, \`SETTINGS\`, \`FORMAT\`, parameters.

Behind that, the embedded store runs it as the user \`obs_sql\`: it can change nothing, may read four tables, and a row policy shows it the rows of the tenant that the id of the query begins with. A ClickHouse of your own needs that user: \`deploy/clickhouse/obs-sql.xml\` in \`users.d\` of every node, and \`OBS_CLICKHOUSE_SQL_PASSWORD\`. Why, and what each wall holds: [decision 0050](decisions/0050-sql-for-people.md).
`;
