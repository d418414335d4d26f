/** Lines of columns: W3C extended log files (IIS, CloudFront) and CSV or TSV with a header. */

import { ROLE, ROLE_OF_PATH } from "../fields.ts";
import { setAddress, setStatus, splitPort } from "../text/http.ts";
import { severityOfMark, severityOfText } from "../text/level.ts";
import { ParsedRecord, type LineParser, type ParseContext } from "../text/record.ts";
import { columnsOf, tokensOf } from "../text/tokens.ts";

/** https://www.w3.org/TR/WD-logfile and IIS: fields that have a name of OpenTelemetry's. */
const W3C_NAMES: Readonly<Record<string, string>> = {
  "c-ip": "client.address", "c-port": "client.port", "s-ip": "server.address", "s-port": "server.port", "cs-method": "http.request.method", "cs-uri-stem": "url.path", "cs-uri-query": "url.query",
  "cs-username": "user.name", "cs(User-Agent)": "user_agent.original", "cs(Referer)": "http.request.header.referer", "cs-host": "http.request.header.host", "cs(Host)": "http.request.header.host",
  "cs(Cookie)": "http.request.header.cookie", "sc-bytes": "http.response.size", "cs-bytes": "http.request.size", "cs-version": "network.protocol.version", "time-taken": "http.server.request.duration",
}; // prettier-ignore

/** IIS' default selection, in its order; used until a `#Fields:` line says otherwise. */
const IIS_FIELDS = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken".split(" ");
const IIS_WITH_REFERER = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken".split(" ");
/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html */
const CLOUDFRONT_FIELDS =
  "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end".split(" ");

const IIS_LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ [A-Z]+ \/\S* \S+ \d+ \S+ \S+ \S+ /;
const CLOUDFRONT_LINE = /^\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t[A-Z]{3}\S*\t/;

const fieldsFor = (line: string, count: number, context: ParseContext): readonly string[] | undefined => {
  if (context.columns) return context.columns;
  if (CLOUDFRONT_LINE.test(line)) return CLOUDFRONT_FIELDS;
  if (!IIS_LINE.test(line)) return undefined;
  return count >= IIS_WITH_REFERER.length && /^\d{3}$/.test(line.split(" ")[11] ?? "") ? IIS_WITH_REFERER : IIS_FIELDS;
};

const readRow = (record: ParsedRecord, fields: readonly string[], values: readonly string[], context: ParseContext): boolean => {
  let date = "";
  let time = "";
  for (const [index, value] of values.entries()) {
    const field = fields[index] ?? "extra";
    if (field === "date") date = value;
    else if (field === "time") time = value;
    else if (field === "sc-status") setStatus(record, value);
    else record.set(W3C_NAMES[field] ?? field, value);
  }
  // W3C times are UTC.
  const day = date === "" ? (context.day ?? "") : date;
  if (day !== "" && time !== "" && !record.readTime(context, `${day} ${time}Z`)) return false;
  record.timestampText = `${date} ${time}`.trim();
  const { attributes } = record;
  const path = attributes.get("url.path") ?? attributes.get("cs-uri");
  record.message = [attributes.get("http.request.method"), path].filter((part) => part !== undefined).join(" ");
  return true;
};

/** https://docs.zeek.org/en/master/log-formats.html: a head of `#fields`, tabs, times since 1970. */
const ZEEK_NAMES: Readonly<Record<string, string>> = { "id.orig_h": "client.address", "id.orig_p": "client.port", "id.resp_h": "server.address", "id.resp_p": "server.port", proto: "network.transport" };
const ZEEK_UNSET = new Set(["-", "(empty)"]);

export const zeek: LineParser = {
  name: "zeek",
  description: "Zeek's (Bro's) logs of columns with their `#fields` line.",
  detect: (line) => /^#(?:separator|set_separator|empty_field|unset_field|path|open|close|fields|types)[\t ]/.test(line) || /^\d{9,10}\.\d{1,9}\t/.test(line),
  parse(text, context) {
    let record: ParsedRecord | undefined;
    for (const line of text.split(/\r?\n/)) {
      if (line.startsWith("#fields\t")) context.columns = line.slice(8).split("\t");
      if (line.startsWith("#") || line === "") continue;
      const { columns } = context;
      const values = line.split("\t");
      if (columns?.[0] !== "ts" || values.length !== columns.length) return undefined;
      record = new ParsedRecord();
      for (const [index, value] of values.entries()) {
        const field = columns[index]!;
        if (field === "ts") record.readTime(context, value);
        else if (!ZEEK_UNSET.has(value)) record.set(ZEEK_NAMES[field] ?? field, value);
      }
      record.message = line;
    }
    if (record) return record;
    const header = new ParsedRecord();
    header.message = text;
    return text.startsWith("#") ? header : undefined;
  },
};

const columnsOfRow = (line: string): string[] => (line.includes("\t") ? line.split("\t") : tokensOf(line, 256).map(({ text }) => text));

export const w3c: LineParser = {
  name: "w3c",
  description: "W3C extended log files with their `#Fields:` line (IIS, CloudFront and others); without one, IIS' and CloudFront's own selections.",
  detect: (line) => /^#(?:Software|Version|Date|Fields|Start-Date|End-Date|Remark): /.test(line) || IIS_LINE.test(line) || CLOUDFRONT_LINE.test(line) || /^"?\d{4}-\d\d-\d\d"?[ \t]"?\d\d:\d\d:\d\d"?[ \t]/.test(line),
  parse(text, context) {
    // A file's head may come in one piece with its first rows.
    const lines = text.split(/\r?\n/);
    let record: ParsedRecord | undefined;
    for (const line of lines) {
      const day = /^#Date: (\d{4}-\d\d-\d\d)/.exec(line);
      if (day) context.day = day[1];
      if (line.startsWith("#Fields: ")) context.columns = line.slice(9).trim().split(/\s+/);
      if (line.startsWith("#") || line === "") continue;
      const values = columnsOfRow(line);
      const fields = fieldsFor(line, values.length, context);
      if (!fields || values.length < fields.length - 1 || values.length > fields.length + 2) return undefined;
      record = new ParsedRecord();
      if (!readRow(record, fields, values, context)) return undefined;
    }
    if (record) return record;
    const header = new ParsedRecord();
    header.message = text;
    return text.startsWith("#") ? header : undefined;
  },
};

const SEPARATORS = [",", "\t", ";", "|"];
const TIME_COLUMN = /^"?(?:\d{4}[-/]\d\d[-/]\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?|[\d.:TZ-]{8,})"?$/;

/** What stands after the first column. */
const separatorOf = (line: string): string | undefined => {
  const first = line.startsWith('"') ? line.indexOf('"', 1) + 1 : line.search(/[,\t;|]/);
  return SEPARATORS.includes(line[first] ?? "") && first >= 0 ? line[first] : undefined;
};

/** Since 2001; in a first column it is the time. */
const EPOCH_COLUMN = /^1\d{9}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?$/;
const COLUMN_NAME = /^[A-Za-z_][\w .()/-]{0,63}$/;

const rowOf = (fields: readonly string[], values: readonly string[], context: ParseContext, line: string): ParsedRecord => {
  const record = new ParsedRecord();
  for (const [index, value] of values.entries()) {
    const field = fields[index] ?? `column.${index + 1}`;
    const role = ROLE_OF_PATH.get(field) ?? ROLE_OF_PATH.get(field.toLowerCase()) ?? ROLE.ATTRIBUTE;
    if (role === ROLE.TIMESTAMP && record.timestampText === "" && record.readTime(context, value)) continue;
    if (role === ROLE.LEVEL && record.severity === 0 && severityOfMark(value) > 0) record.setSeverity(severityOfMark(value), value);
    else if (role === ROLE.MESSAGE && record.message === "") record.message = value;
    else if (role === ROLE.SERVICE && record.service === "") record.service = value;
    else if (role === ROLE.HOST && record.host === "") record.host = value;
    else if (record.severity === 0 && /^[A-Z]{4,8}$/.test(value) && severityOfText(value) > 0) record.setSeverity(severityOfText(value), value);
    else if (index === 0 && EPOCH_COLUMN.test(value) && record.readTime(context, value)) continue;
    else if (record.timestampText !== "" || role !== ROLE.ATTRIBUTE || !/\d:\d\d/.test(value) || !record.readTime(context, value)) {
      const { port } = splitPort(value);
      if (port !== undefined && /^[\d.:[\]a-fA-F]+$/.test(value)) setAddress(record, field, value);
      else record.set(field, value);
    }
  }
  if (record.message === "") record.message = line;
  return record;
};

/** Columns are named by a header line, if the stream begins with one; else by their number. */
export const csv: LineParser = {
  name: "csv",
  description: "Comma, semicolon, bar or tab separated columns. A first line of names gives the names of the columns, else they are numbered.",
  detect(line) {
    const separator = separatorOf(line);
    if (separator === undefined) return false;
    const columns = line.split(separator);
    // zap's and others' console layout has tabs.
    if (separator === "\t" && severityOfText(columns[1] ?? "") > 0) return false;
    // A comma in front of three digits may be a fraction.
    if (columns.length >= 6 && !/^\d{3}\b/.test(columns[1]!) && TIME_COLUMN.test(columns[0]!)) return true;
    // Rows without a time at their start: many columns, few blanks.
    return columns.length >= 10 && !/\s/.test(columns[0]!) && line.split(" ").length <= columns.length / 3;
  },
  parse(line, context) {
    const separator = separatorOf(line);
    const values = separator === undefined ? undefined : columnsOf(line, separator);
    if (!values || values.length < 2) return undefined;
    if (context.columns?.length === values.length) return rowOf(context.columns, values, context, line);
    if (values.every((value) => COLUMN_NAME.test(value)) && new Set(values).size === values.length && context.columns === undefined && values.some((value) => ROLE_OF_PATH.has(value.toLowerCase()))) {
      context.columns = values;
      const header = new ParsedRecord();
      header.message = line;
      return header;
    }
    return rowOf([], values, context, line);
  },
};
