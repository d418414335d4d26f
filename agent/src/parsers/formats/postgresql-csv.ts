/** PostgreSQL's csvlog: columns by their place, as documented for each version. */

import { SEVERITY } from "@obs/wire";
import { severityOfText } from "../text/level.ts";
import { setAddress } from "../text/http.ts";
import { ParsedRecord, type LineParser } from "../text/record.ts";
import { columnsOf } from "../text/tokens.ts";

/** https://www.postgresql.org/docs/current/runtime-config-logging.html; 9.0 has 23 columns, 13 one more, 14 two more. */
const COLUMNS = [
  "time", "user.name", "db.namespace", "process.pid", "client", "postgresql.session.id", "postgresql.line", "db.operation.name", "postgresql.session.start", "postgresql.virtual_transaction.id",
  "postgresql.transaction.id", "level", "db.response.status_code", "message", "postgresql.detail", "postgresql.hint", "postgresql.internal_query", "postgresql.internal_query_position",
  "postgresql.context", "db.query.text", "postgresql.query_position", "code.location", "postgresql.application", "postgresql.backend_type", "postgresql.leader.pid", "postgresql.query.id",
] as const; // prettier-ignore
const FEWEST = 22;
const LEVEL_AT = 11;

export const postgresqlCsv: LineParser = {
  name: "postgresql_csv",
  description: "PostgreSQL's csvlog, 8.3 to 18.",
  detect: (line) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z]\w*,("[^"]*")?,/.test(line),
  parse(line, context) {
    const values = columnsOf(line, ",");
    if (!values || values.length < FEWEST || values.length > COLUMNS.length) return undefined;
    const level = values[LEVEL_AT]!;
    const severity = level === "LOG" || level === "INFO" ? SEVERITY.INFO : severityOfText(level);
    const record = new ParsedRecord();
    if (severity === 0 || !record.readTime(context, values[0]!)) return undefined;
    record.setSeverity(severity, level);
    for (const [index, value] of values.entries()) {
      const name = COLUMNS[index]!;
      if (value === "" || name === "time" || name === "level") continue;
      if (name === "message") record.message = value;
      else if (name === "client") setAddress(record, "client", value);
      else record.set(name, value);
    }
    return record;
  },
};
