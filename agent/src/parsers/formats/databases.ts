/** PostgreSQL, MySQL and MariaDB, MongoDB before 4.4 (later ones write JSON), Redis. */

import { SEVERITY } from "@obs/wire";
import { setAddress } from "../text/http.ts";
import { readFacts } from "../text/facts.ts";
import { ParsedRecord, type LineParser } from "../text/record.ts";
import { patternParser } from "./pattern.ts";

/** https://www.postgresql.org/docs/current/runtime-config-logging.html, table of severities, and the parts of an error. */
const POSTGRES_LEVELS: Readonly<Record<string, number>> = {
  DEBUG1: SEVERITY.DEBUG, DEBUG2: SEVERITY.DEBUG, DEBUG3: SEVERITY.DEBUG, DEBUG4: SEVERITY.DEBUG, DEBUG5: SEVERITY.DEBUG, DEBUG: SEVERITY.DEBUG, INFO: SEVERITY.INFO, NOTICE: SEVERITY.INFO + 1,
  WARNING: SEVERITY.WARN, ERROR: SEVERITY.ERROR, LOG: SEVERITY.INFO, FATAL: SEVERITY.FATAL, PANIC: SEVERITY.FATAL + 2,
  DETAIL: SEVERITY.INFO, HINT: SEVERITY.INFO, CONTEXT: SEVERITY.INFO, QUERY: SEVERITY.INFO, STATEMENT: SEVERITY.INFO, LOCATION: SEVERITY.INFO,
}; // prettier-ignore

const POSTGRES = /^<?((?:\d{1,3}\.){3}\d{1,3} |\[[\w.-]+\] )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[A-Z]{3,5}|[+-]\d\d(?::?\d\d)?))(.*?)(DEBUG[1-5]?|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC|DETAIL|HINT|CONTEXT|QUERY|STATEMENT|LOCATION): {1,2}(.*)$/s;
const MAX_PREFIX = 400;
/** `duration: 1.2 ms  statement: ...` */
const DURATION = /^duration: ([\d.]+) ms(?:  (?:statement|parse|bind|execute)(?: [^:]*)?: (.*))?$/s;
const STATEMENT = /^(?:statement|execute(?: [^:]*)?|parse(?: [^:]*)?): (.*)$/s;

const PREFIX_NAMES: Readonly<Record<string, string>> = { user: "user.name", pid: "process.pid", db: "db.namespace", database: "db.namespace", app: "postgresql.application", application: "postgresql.application" };

/** What log_line_prefix puts between time and level: told by its looks, its order is the operator's. */
const readPrefix = (record: ParsedRecord, prefix: string): void => {
  let rest = prefix;
  const take = (pattern: RegExp, use: (match: RegExpExecArray) => void): void => {
    const match = pattern.exec(rest);
    if (!match) return;
    rest = `${rest.slice(0, match.index)} ${rest.slice(match.index + match[0].length)}`;
    use(match);
  };
  take(/\[((?:client|parallel|autovacuum|logical replication|physical|background|checkpointer|walwriter|walsender|walreceiver|archiver|startup|postmaster|logger|io)\b[^\]]*)\]/, ([, type]) => record.set("postgresql.backend_type", type));
  take(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Z]{3,5}/, ([text]) => record.set("postgresql.session.start", text));
  take(/\b[\da-f]{6,10}\.[\da-f]{1,8}\b/, ([id]) => record.set("postgresql.session.id", id));
  take(/\b(?:(\d+\/\d+)|(?<=[\s:])(\d+\/0))\b/, ([id]) => record.set("postgresql.virtual_transaction.id", id));
  take(/((?:\d{1,3}\.){3}\d{1,3}|\[local\]|[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?=\())(?:\((\d+)\))?/i, ([, address, port]) => record.setAll({ "client.address": address, "client.port": port }));
  for (const [, key, value] of rest.matchAll(/\b(\w+)=([^,\s\]]*)/g)) {
    if (value === "") continue;
    if (key === "client" || key === "host") setAddress(record, "client", value!.replace(/\((\d+)\)$/, ":$1"));
    else record.set(PREFIX_NAMES[key!] ?? `postgresql.${key}`, value);
  }
  rest = rest.replace(/\[?\b\w+=[^,\s\]]*[\],]?/g, " ");
  take(/\[(\d+)\]/, ([, pid]) => record.set("process.pid", pid));
  take(/(?:^|[\s:,])\[(\d+)-(\d+)\]/, ([, pid, line]) => record.setAll({ "process.pid": pid, "postgresql.line": line }));
  take(/(?:^|[\s:])(\[?[\w.-]+\]?)@(\[?[\w.-]+\]?)/, ([, user, database]) => record.setAll({ "user.name": user, "db.namespace": database }));
  take(/(?<=[\s:])([0-9A-Z]{5})(?=[\s:])/, ([, code]) => record.set("db.response.status_code", code));
  const words = rest.split(prefix.startsWith(":") ? /:+/ : /[\s:]+/).map((word) => word.trim()).filter((word) => word !== "" && word !== "-");
  const names: string[] = [];
  for (const word of words) {
    const bare = word.replace(/^\[|\]$|,$/g, "");
    if (/^\d+$/.test(bare)) record.set(record.attributes.has("process.pid") ? "postgresql.line" : "process.pid", bare);
    else if (bare !== "") names.push(bare);
  }
  const free = ["user.name", "db.namespace", "postgresql.application"].filter((name) => !record.attributes.has(name));
  for (const name of names) record.set(free.shift() ?? "postgresql.prefix", name);
};

export const postgresql: LineParser = {
  name: "postgresql",
  description: "PostgreSQL's text log with any of the usual prefixes; also of RDS.",
  detect: (line) => /^<?(?:(?:\d{1,3}\.){3}\d{1,3} |\[[\w.-]+\] )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[A-Z]{3,5}|[+-]\d\d)/.test(line) && /(?:DEBUG\d?|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC|DETAIL|HINT|CONTEXT|QUERY|STATEMENT|LOCATION): /.test(line.slice(0, MAX_PREFIX)),
  parse(line, context) {
    const found = POSTGRES.exec(line);
    if (!found || found[3]!.length > MAX_PREFIX) return undefined;
    const [, host, time, prefix, level, message] = found;
    const record = new ParsedRecord();
    if (!record.readTime(context, time!)) return undefined;
    record.setSeverity(POSTGRES_LEVELS[level!]!, level!);
    // `[3-1]`: syslog_sequence_numbers.
    if (host !== undefined) record.set(host.includes("-") ? "postgresql.line" : host.startsWith("[") ? "process.pid" : "client.address", host.replace(/[[\] ]/g, "").replace(/-\d+$/, ""));
    readPrefix(record, prefix!.replace(/>$/, ""));
    record.message = message!;
    const duration = DURATION.exec(message!);
    if (duration) record.setAll({ "db.duration": duration[1], "db.query.text": duration[2] });
    else if (level === "FATAL") record.set("auth.method", /^([\w-]+) authentication failed for user /.exec(message!)?.[1]);
    else record.set("db.query.text", level === "STATEMENT" ? message : STATEMENT.exec(message!)?.[1]);
    readFacts(record, duration || record.attributes.has("db.query.text") ? "" : message!);
    return record;
  },
};

const MYSQL_TIME = String.raw`\d{4}-\d\d-\d\d(?:T|\s{1,2})\d{1,2}:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?|\d{6}\s{1,2}\d{1,2}:\d\d:\d\d`;

export const mysqlError = patternParser({
  name: "mysql_error",
  description: "Error log of MySQL and MariaDB.",
  // Others write [ERROR], too, but no thread's number in front of it.
  detect: /^(?:\d{4}-\d\d-\d\d[T ]|\d{6} )[ \d:.Z+-]+ (?:\S+ )?\[(?:Warning|Note|System)\]|^(?:\d{4}-\d\d-\d\d[T ] ?\d{1,2}:[\d:.Z+-]+ +(?:\d+|0x[\da-f]+) |\d{6} [ \d:.]+)\[ERROR\]/,
  patterns: [new RegExp(String.raw`^(?<time>${MYSQL_TIME}) +(?:(?<thread_id>\d+|0x[\da-f]+) +)?\[(?<level>Warning|Note|ERROR|System)\] (?:\[(?<db_response_status__code>MY-\d+)\] \[(?<mysql_subsystem>[^\]]+)\] )?(?<message>.*)$`, "s")],
  levels: { System: SEVERITY.INFO },
});

const COMMANDS = "Quit|Connect|Query|Init DB|Field List|Statistics|Prepare|Execute|Close stmt|Reset stmt|Change user|Binlog Dump|Ping|Sleep|Shutdown|Refresh|Create DB|Drop DB|Processlist|Kill|Fetch|Long Data|Set option|Register Slave|Debug|Daemon|Error|Delayed insert|Reset Connection";

export const mysqlGeneral = patternParser({
  name: "mysql_general",
  description: "General query log of MySQL and MariaDB.",
  detect: new RegExp(String.raw`^(?:${MYSQL_TIME})?\s+\d+ (?:${COMMANDS})(?:\t|$)`),
  patterns: [new RegExp(String.raw`^(?<time>${MYSQL_TIME})?\s+(?<thread_id>\d+) (?<db_operation_name>${COMMANDS})(?:\t(?<message>.*))?$`, "s")],
  facts: false,
  finish: (record, { db_operation_name: command, message }) => {
    if (command === "Query" || command === "Execute" || command === "Prepare") record.set("db.query.text", message);
    else if (message !== undefined) readFacts(record, message);
    return true;
  },
});

export const mysqlSlow = patternParser({
  name: "mysql_slow",
  description: "MySQL's slow query log: a statement with its head lines, or these alone.",
  detect: /^# (?:Time: |User@Host: |Query_time: )/,
  patterns: [
    new RegExp(String.raw`^(?:# Time: (?<time>${MYSQL_TIME})\s*\n)?# User@Host: (?<user_name>[^[\s]*)\[(?<mysql_user>[^\]]*)\] @\s+(?<client_name>[^[\s]*)\s*\[(?<client_address>[^\]]*)\](?:\s+Id:\s+(?<thread_id>\d+))?[^\n]*\n(?<mysql_figures>(?:#[^\n]*\n)*)(?<message>[^#].*)$`, "s"),
    new RegExp(String.raw`^# (?<message>Time: (?<time>${MYSQL_TIME}))$`),
    /^# (?<message>User@Host: (?<user_name>[^[\s]*)\[(?<mysql_user>[^\]]*)\] @\s+(?<client_name>[^[\s]*)\s*\[(?<client_address>[^\]]*)\](?:\s+Id:\s+(?<thread_id>\d+))?)\s*$/,
    /^# (?<message>(?:\w+: +\S+\s*)+)$/,
  ],
  finish: (record, { mysql_figures: figures, message }, context) => {
    if (figures === undefined) return true;
    record.attributes.delete("mysql.figures");
    for (const [, name, value] of figures.matchAll(/\b(\w+): +([^\s:]+)(?=\s|$)/g)) record.set(`mysql.${name!.toLowerCase()}`, value);
    const settings = /^(?:use (?<namespace>[^;\n]+);\s*)?(?:SET timestamp=(?<timestamp>\d+);\s*)?/.exec(message!)!;
    const { namespace, timestamp } = settings.groups!;
    record.setAll({ "db.namespace": namespace, "db.query.text": message!.slice(settings[0].length).trim() });
    if (record.timestampText === "" && timestamp !== undefined) record.readTime(context, timestamp);
    record.message = record.attributes.get("db.query.text")!;
    return true;
  },
});

/** https://clickhouse.com/docs: OwnPatternFormatter.cpp: `time [ thread ] {query} <level> logger: text`. */
export const clickhouse = patternParser({
  name: "clickhouse",
  description: "ClickHouse's server log.",
  detect: /^\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d\.\d{6} (?:\{[^}]*\} )?\[ \d+ \] /,
  patterns: [/^(?<time>\S+ \S+) (?:\{(?<trace>[^}]*)\} )?\[ (?<thread_id>\d+) \] \{(?<query>[^}]*)\} <(?<level>\w+)> (?:(?<logger>[^\s:][^:]{0,128}): )?(?<message>.*)$/s],
  levels: { Trace: SEVERITY.TRACE, Test: SEVERITY.TRACE },
  names: { query: "db.query.id", trace: "clickhouse.trace" },
  finish: (record) => {
    for (const name of ["db.query.id", "clickhouse.trace"]) if (record.attributes.get(name) === "") record.attributes.delete(name);
    record.set("db.response.status_code", /^Code: (\d+)\. /.exec(record.message)?.[1]);
    return true;
  },
});

/** Log format before 4.4: time level component [context] message. */
export const mongodb = patternParser({
  name: "mongodb",
  description: "MongoDB's text log, 2.6 to 4.2.",
  detect: /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d{4}) (?:[DIWEF]\d? [A-Z_-]{2,} +|\[(?:conn|initandlisten|rs|mongos|websvr|thread|ftdc|signal|clientcursor|replica|TTL|Balancer|LockPinger|migrate|repl)\S*\] )|^\[conn\d+\] \w+ \w+\.\w+ /,
  patterns: [
    /^(?<time>\S+) (?:(?<level>[DIWEF])(?<mongodb_verbosity>[1-5])? (?<mongodb_component>[A-Z_-]+) +)?\[(?<thread_name>[^\]]+)\] (?<message>.*)$/s,
    /^(?<time>\S+) (?<level>[DIWEF])(?<mongodb_verbosity>[1-5])? (?<mongodb_component>[A-Z_-]{2,}) +(?<message>.*)$/s,
    /^\[(?<thread_name>\w+)\] (?<message>\w+ \w+\.\w.*)$/s,
  ],
  finish: (record) => {
    const operation = /^(?:\[\w+\] )?(query|update|insert|remove|getmore|command) ([\w-]+)\.([\w.$-]+) (?:query: (\{.*?\}) (?=\w+:))?(.*?)(?:(\d+)ms)?$/s.exec(record.message);
    if (!operation) return true;
    record.setAll({ "db.operation.name": operation[1], "db.namespace": operation[2], "db.collection.name": operation[3], "db.query.text": operation[4], "db.duration": operation[6] });
    for (const [, name, value] of operation[5]!.matchAll(/\b(\w+): ?(\d+)/g)) record.set(name!, value);
    return true;
  },
});

/** https://redis.io/docs/latest/operate: pid:role time level message. Levels are signs. */
const REDIS_LEVELS: Readonly<Record<string, number>> = { ".": SEVERITY.DEBUG, "-": SEVERITY.DEBUG + 1, "*": SEVERITY.INFO + 1, "#": SEVERITY.WARN };

export const redis = patternParser({
  name: "redis",
  description: "Redis' log, and the output of its MONITOR command.",
  detect: /^(?:\[?\d+\]?(?::[A-Z])? \d\d? [A-Z][a-z]{2} |\d{10}\.\d{6} \[\d+ )/,
  patterns: [
    /^(?:\[(?<process_pid>\d+)\]|(?<pid>\d+)):?(?<redis_role>[A-Z])? (?<time>\d\d? [A-Z][a-z]{2} (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?) (?<level>[.\-*#]) (?<message>.*)$/s,
    /^(?<time>\d{10}\.\d{6}) \[(?<db_namespace>\d+) (?<client__address>[^\]]+)\] (?<message>"(?<db_operation_name>[^"]*)"(?: (?<redis_arguments>.*))?)$/s,
  ],
  levels: REDIS_LEVELS,
  names: { pid: "process.pid" },
});
