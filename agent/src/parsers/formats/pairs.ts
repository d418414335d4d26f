/** Lines that are nothing but pairs: logfmt, key=value, CEF and LEEF, auditd. */

import { SYSLOG_SEVERITIES } from "@obs/wire";
import { ROLE, ROLE_OF_PATH } from "../fields.ts";
import { severityOfMark } from "../text/level.ts";
import { ParsedRecord, type LineParser, type ParseContext } from "../text/record.ts";
import { readFacts } from "../text/facts.ts";
import { patternParser } from "./pattern.ts";
import { readProgram } from "./programs/index.ts";

const PAIR = /([A-Za-z_@][\w.@\-/[\]]*)=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;|"']\S*?(?=[,;|]?(?:\s|$))|(?=[\s,;]|$))[,;]?\s*/y;

/** The pairs of a line that is nothing else, undefined otherwise. logfmt's bare keys are pairs without a value. */
const pairsOf = (line: string): [string, string][] | undefined => {
  const pairs: [string, string][] = [];
  let at = 0;
  while (at < line.length) {
    PAIR.lastIndex = at;
    const pair = PAIR.exec(line);
    if (!pair) return undefined;
    const value = pair[2]!;
    const quoted = value.length > 1 && (value[0] === '"' || value[0] === "'");
    pairs.push([pair[1]!, quoted ? unescape(value.slice(1, -1)) : value]);
    at = PAIR.lastIndex;
  }
  return pairs;
};

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
const unescape = (text: string): string => (text.includes("\\") ? text.replace(/\\(["'\\ntr])/g, (_, character: string) => ESCAPES[character] ?? character) : text);

const ISO_DAY = /^\d{4}-\d\d-\d\d$/;

/** As of JSON lines: the same names have the same roles. */
export const recordOfPairs = (pairs: readonly (readonly [string, string])[], context: ParseContext): ParsedRecord => {
  const record = new ParsedRecord();
  let date = "";
  for (const [key, value] of pairs) {
    // Firewalls: `date=2024-06-07 time=10:00:00`.
    if (key === "date" && ISO_DAY.test(value)) date = value;
    if (key === "time" && date !== "" && record.readTime(context, `${date} ${value}`)) continue;
    const role = ROLE_OF_PATH.get(key) ?? (key === "t" ? ROLE.TIMESTAMP : ROLE.ATTRIBUTE);
    if (role === ROLE.TIMESTAMP && record.timestampText === "" && record.readTime(context, value)) continue;
    if (role === ROLE.LEVEL && record.severity === 0 && severityOfMark(value) > 0) record.setSeverity(severityOfMark(value), value);
    else if (role === ROLE.MESSAGE && record.message === "") record.message = value;
    else if (role === ROLE.SERVICE && record.service === "" && !DURATION.test(value)) record.service = value;
    else if (role === ROLE.HOST && record.host === "") record.host = value;
    else if (role === ROLE.ENVIRONMENT && record.environment === "") record.environment = value;
    else if (role === ROLE.TRACE_ID && record.traceId === "" && /^[\da-f]{32}$/i.test(value)) record.traceId = value.toLowerCase();
    else if (role === ROLE.SPAN_ID && record.spanId === "" && /^[\da-f]{16}$/i.test(value)) record.spanId = value.toLowerCase();
    else record.set(key, value);
  }
  if (record.severity === 0) readLevel(record);
  return record;
};

/** Heroku's router says how long the service took. */
const DURATION = /^\d+(?:\.\d+)?(?:ms|s|us)$/;

/** Levels under names that mean something else elsewhere: Heroku's `at=error`, SonicWall's `pri=6` (syslog's). */
const readLevel = (record: ParsedRecord): void => {
  const at = record.attributes.get("at");
  const priority = record.attributes.get("pri");
  if (at !== undefined && severityOfMark(at) > 0) record.setSeverity(severityOfMark(at), at);
  else if (priority !== undefined && /^[0-7]$/.test(priority)) record.setSeverity(SYSLOG_SEVERITIES[Number(priority)]!, priority);
};

/** compose and its like put the service and a bar in front of each line. */
const PREFIX = /^([\w.-]{1,64}?)\s+\| (?=[A-Za-z_]\w*=)/;

export const logfmt: LineParser = {
  name: "logfmt",
  description: "logfmt and other lines of nothing but key=value pairs, quoted or not: logrus, Go's slog, Heroku's router.",
  detect: (line) => /^(?:[\w.-]{1,64}\s+\| )?[A-Za-z_@][\w.@\-/[\]]*=\S*(?:\s.*=|$|[,;]|.*")/s.test(line.length > 256 ? line.slice(0, 256) : line),
  parse(line, context) {
    const prefix = PREFIX.exec(line);
    const pairs = pairsOf(prefix ? line.slice(prefix[0].length) : line);
    if (!pairs || pairs.length < 2) return undefined;
    const record = recordOfPairs(pairs, context);
    if (prefix && record.service === "") record.service = prefix[1]!;
    readFacts(record, record.message);
    // Without a message of its own the line is the message.
    if (record.message === "") record.message = line;
    return record;
  },
};

const CEF_HEADER = /^(?:.*?\b)?(CEF: ?|LEEF:)?(\d+(?:\.\d)?)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|(.*)$/s;
const CEF_REST = /^((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)(?:\|(.*))?$/s;
const CEF_LEVELS: Readonly<Record<string, string>> = { unknown: "info", low: "info", medium: "warning", high: "error", "very-high": "critical" };
/** CEF and LEEF grade from 0 to 10. */
const wordOfGrade = (grade: number): string => (grade >= 9 ? "critical" : grade >= 7 ? "error" : grade >= 4 ? "warning" : "info");
/** A key starts after a blank and has no escape before its sign; what lies between two is a value. */
const EXTENSION = /(?:^|\s)([\w.[\]-]+)=((?:[^\\=]|\\.)*?)(?=\s+[\w.[\]-]+=|\s*$)/gs;

/** What stands before a CEF or LEEF event: syslog's priority, time and host. The event's own time and level win. */
const readEnvelope = (record: ParsedRecord, envelope: string, context: ParseContext): void => {
  const priority = /^<(\d{1,3})>(?:1 )?/.exec(envelope);
  if (priority) {
    record.set("syslog.priority", priority[1]);
    if (record.severity === 0) record.setSeverity(SYSLOG_SEVERITIES[Number(priority[1]) & 7]!, priority[1]!);
  }
  const rest = envelope.slice(priority?.[0].length ?? 0);
  const end = context.time.match(rest, 0, context.nowSeconds);
  if (end < 0) return;
  const text = rest.slice(0, end);
  if (record.timestampText === "") record.setTime(context, text);
  else record.set("log.time", text);
  const host = /^:? +([\w.:-]{1,255})(?= |$)/.exec(rest.slice(end));
  if (host && record.host === "") record.host = host[1]!;
};

const unescapeCef = (text: string): string => text.replace(/\\([|=\\])/g, "$1").replaceAll("\\n", "\n");

/** ArcSight's Common Event Format, revision 25: `CEF:0|vendor|product|version|id|name|severity|extension`. */
export const cef: LineParser = {
  name: "cef",
  description: "CEF, with or without its prefix.",
  detect: (line) => /^(?:CEF: ?)?\d\|[^|]*\|[^|]*\|[^|]*\|[^|]*\|[^|]*\|/.test(line) || /^.{0,256}?\bCEF: ?\d\|/.test(line),
  parse(line, context) {
    const header = CEF_HEADER.exec(line);
    const rest = header && header[1] !== "LEEF:" ? CEF_REST.exec(header[7]!) : null;
    if (!header || !rest) return undefined;
    const severity = rest[2]!;
    if (severity !== "" && !/^(?:\d|10|unknown|low|medium|high|very-high)$/i.test(severity)) return undefined;
    const record = new ParsedRecord();
    record.setAll({
      "cef.version": header[2], "cef.device.vendor": unescapeCef(header[3]!), "cef.device.product": unescapeCef(header[4]!), "cef.device.version": unescapeCef(header[5]!),
      "cef.signature.id": unescapeCef(header[6]!), "cef.name": unescapeCef(rest[1]!), "cef.severity": severity,
    }); // prettier-ignore
    const number = Number(severity);
    const word = severity === "" || Number.isNaN(number) ? CEF_LEVELS[severity.toLowerCase()] : wordOfGrade(number);
    if (word !== undefined) record.setSeverity(severityOfMark(word), severity);
    record.service = unescapeCef(header[4]!);
    for (const [, key, value] of (rest[3] ?? "").matchAll(EXTENSION)) {
      const text = unescapeCef(value!);
      if (key === "rt" || key === "end" || (key === "start" && record.timestampText === "")) record.readTime(context, text);
      record.set(key!, text);
    }
    record.message = record.attributes.get("msg") ?? unescapeCef(rest[1]!);
    const start = header[1] === undefined ? 0 : line.indexOf(header[1]);
    if (start > 0) readEnvelope(record, line.slice(0, start), context);
    return record;
  },
};

const LEEF_HEADER = /^(?:.{0,256}?\b)?LEEF:([12]\.0)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|(.*)$/s;
/** Version 2 names its separator: a character, or its code. */
const LEEF_SEPARATOR = /^(?:(0?x[\da-fA-F]{2,4})|([^\w\s]|\^))?\|/;

/** IBM, "Log Event Extended Format": `LEEF:version|vendor|product|version|event|[separator|]attributes`. */
export const leef: LineParser = {
  name: "leef",
  description: "LEEF, 1.0 and 2.0.",
  detect: (line) => /^.{0,256}?\bLEEF:[12]\.0\|/.test(line),
  parse(line, context) {
    const header = LEEF_HEADER.exec(line);
    if (!header) return undefined;
    const record = new ParsedRecord();
    record.setAll({ "leef.version": header[1], "leef.vendor": header[2], "leef.product": header[3], "leef.product.version": header[4], "leef.event.id": header[5] });
    record.service = header[3]!;
    const named = header[1] === "2.0" ? LEEF_SEPARATOR.exec(header[6]!) : null;
    const separator = named?.[1] !== undefined ? String.fromCharCode(Number.parseInt(named[1].replace(/^0?x/, ""), 16)) : (named?.[2] ?? "\t");
    for (const pair of header[6]!.slice(named?.[0].length ?? 0).split(separator)) {
      const sign = pair.indexOf("=");
      if (sign <= 0) continue;
      const [key, value] = [pair.slice(0, sign).trim(), pair.slice(sign + 1).trim()];
      if (key === "devTime") record.readTime(context, value);
      if (key === "sev" && /^(?:\d|10)$/.test(value)) record.setSeverity(severityOfMark(wordOfGrade(Number(value))), value);
      record.set(key, value);
    }
    record.message = record.attributes.get("msg") ?? `${header[3]} ${header[5]}`;
    const start = line.indexOf("LEEF:");
    if (start > 0) readEnvelope(record, line.slice(0, start), context);
    return record;
  },
};

/** `type=SYSCALL msg=audit(1364481363.243:24287): arch=... ` */
export const auditd = patternParser({
  name: "auditd",
  description: "Linux's audit log, also as the kernel prints it.",
  detect: /^(?:node=\S+ |(?:\[ *\d+\.\d+\] )?audit: )?type=\S+ (?:msg=)?audit\(/,
  patterns: [/^(?:node=(?<host>\S+) |(?:\[ *(?<kernel_uptime>\d+\.\d+)\] )?audit: )?type=(?<audit_type>\S+) (?:msg=)?audit\((?<time>\d+\.\d+):(?<audit_id>\d+)\): ?(?<message>.*)$/s],
  facts: false,
  // What a user's program said is in quotes: fields of the same kind.
  finish: (record, { message }) => {
    const text = message!.replaceAll("\u001d", " ");
    readFacts(record, /\bmsg='/.test(text) ? text.replace(/\bmsg='(.*)'/s, "$1") : readProgram(record, "", text));
    return true;
  },
});
