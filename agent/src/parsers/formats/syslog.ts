/** Syslog: RFC 5424, and what is called RFC 3164 with the liberties that senders take. */

import { SYSLOG_SEVERITIES } from "@obs/wire";
import { SYSLOG_FACILITIES } from "../syslog.ts";
import { severityOfText } from "../text/level.ts";
import { ParsedRecord, type LineParser, type ParseContext } from "../text/record.ts";
import { readInner, TOPICS } from "./inner.ts";

const SEVERITY_NAMES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

const setPriority = (record: ParsedRecord, priority: number): void => {
  record.setAll({ "syslog.priority": String(priority), "syslog.facility": SYSLOG_FACILITIES[priority >> 3], "syslog.facility.code": String(priority >> 3), "syslog.severity": String(priority & 7) });
  record.setSeverity(SYSLOG_SEVERITIES[priority & 7]!, SEVERITY_NAMES[priority & 7]!);
};

const NIL = "-";
/** Section 6: PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP SD [SP MSG]. */
const HEADER_5424 = /^<(0|[1-9]\d{0,2})>([1-9]\d{0,2}) (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) /;
/** The same without the bounds, and with nine digits of fraction, as some senders have it. */
const LENIENT_5424 = /^<(\d{1,3})>(\d{1,3}) (\S+) (\S+) (\S+) (\S+) (\S+) ?/;
const SD_NAME = /^[!#-<>-\\^-~]{1,32}$/;
const BYTE_ORDER_MARK = "\ufeff";

interface StructuredData {
  readonly values: readonly (readonly [string, string])[];
  readonly end: number;
}

/** Elements from `at` on: `[id name="value" ...]...` or `-`. Values are unescaped (6.3.3). */
const structuredData = (line: string, at: number, lenient: boolean): StructuredData | undefined => {
  if (line[at] === NIL) return { values: [], end: at + 1 };
  const values: [string, string][] = [];
  const ids = new Set<string>();
  let end = at;
  while (line[end] === "[") {
    const element = /^\[([^ \]="]+)/.exec(line.slice(end, end + 64));
    if (!element || (!lenient && (!SD_NAME.test(element[1]!) || ids.has(element[1]!)))) return undefined;
    ids.add(element[1]!);
    end += element[0].length;
    const parameter = lenient ? / *([^\s=\]"]+) *= *"((?:[^"\\\]]|\\[^]|\](?! ?\[|$| ))*)"/y : / ([!#-<>-\\^-~]{1,32})="((?:[^"\\\]]|\\[^])*)"/y;
    for (;;) {
      parameter.lastIndex = end;
      const found = parameter.exec(line);
      if (!found) break;
      values.push([`${element[1]}.${found[1]}`, found[2]!.replace(/\\(["\\\]])/g, "$1")]);
      end = parameter.lastIndex;
    }
    if (lenient) while (line[end] === " ") end++;
    if (line[end] !== "]") return undefined;
    end++;
  }
  return end === at ? undefined : { values, end };
};

const parse5424 = (line: string, context: ParseContext, inner: readonly LineParser[], lenient: boolean): ParsedRecord | undefined => {
  const header = (lenient ? LENIENT_5424 : HEADER_5424).exec(line);
  if (!header) return undefined;
  const [all, priority, version, time, host, application, process, messageId] = header;
  if (Number(priority) > 191) return undefined;
  // Meraki's header ends with the name of the kind.
  if (lenient && process!.includes("=")) return undefined;
  const data = structuredData(line, all.length, lenient);
  if (!data && !(lenient && all.length <= line.length)) return undefined;
  const end = data?.end ?? all.length;
  if (data && end < line.length && line[end] !== " ") return undefined;
  const record = new ParsedRecord();
  setPriority(record, Number(priority));
  record.set("syslog.version", version);
  if (time !== NIL && !record.readTime(context, time!)) return undefined;
  if (host !== NIL) record.host = host!;
  if (application !== NIL) record.service = application!;
  record.set("process.pid", process === NIL ? undefined : process);
  record.set("syslog.msgid", messageId === NIL ? undefined : messageId);
  for (const [name, value] of data?.values ?? []) record.set(name, value);
  let message = line.slice(data ? Math.min(end + 1, line.length) : end);
  if (message.startsWith(BYTE_ORDER_MARK)) message = message.slice(1);
  if (message !== "") readInner(record, message, context, inner);
  return record;
};

const PRIORITY = /^<(\d{1,3})>(?:\d{0,10}: )?(?:\d{0,10}: )?\s?[*.]?/;
/** Cisco's mark of a clock that is not, or was, synchronised. */
const CLOCK_MARK = /^[*.](?=[A-Z][a-z]{2} )/;
const LEVEL_OF_FACILITY = /^([a-z]+\d?)\.([a-z]+)\s+/;
/** Tag of RFC 3164, but with what programs put in their names: paths, versions, brackets. */
const TAG = /^((?:\[[^\]]{1,32}\] )?[^\s:[\]]{1,64}(?: \d[\w.-]{0,16}|(?: [^\s:[\]]{1,24}){1,2}(?=\[\d+\]:)|\[[A-Z]\w*\]|\](?=\[\d))?)(?:\[([\d-]{1,12})\](?: \([\w.-]{1,128}(?:\[\d+\])?\))?)?:(?:\s|$)/;
const HOST = /^(\S{1,255}?) +(?=\S)/;

/** Devices that send a priority and a line of their own. */
const readUntimed = (line: string, priority: RegExpExecArray, context: ParseContext, inner: readonly LineParser[]): ParsedRecord | undefined => {
  const rest = line.slice(priority[0].length);
  if (!/^[A-Za-z{%[]/.test(rest)) return undefined;
  const record = new ParsedRecord();
  setPriority(record, Number(priority[1]));
  const tag = TAG.exec(rest);
  if (tag && tag[2] !== undefined) {
    record.service = tag[1]!;
    record.set("process.pid", tag[2]);
  }
  readInner(record, tag?.[2] === undefined ? rest : rest.slice(tag[0].length), context, inner);
  return record;
};

/** `Mon dd hh:mm:ss host tag[pid]: message`, or with an RFC 3339 time as rsyslog writes to files. */
const parse3164 = (line: string, context: ParseContext, inner: readonly LineParser[]): ParsedRecord | undefined => {
  const priority = PRIORITY.exec(line);
  if (priority && Number(priority[1]) > 191) return undefined;
  const { time, nowSeconds } = context;
  let at = priority?.[0].length ?? (CLOCK_MARK.test(line) ? 1 : 0);
  const end = time.match(line, at, nowSeconds);
  if (end < 0) return priority ? readUntimed(line, priority, context, inner) : undefined;
  const letters = line.charCodeAt(at) >= 65;
  if (line[end] !== " " && !(line[end] === ":" && line[end + 1] === " ")) return undefined;
  const record = new ParsedRecord();
  record.setTime(context, line.slice(at, end));
  at = end + (line[end] === ":" ? 2 : 1);
  while (line[at] === " ") at++;
  if (priority) setPriority(record, Number(priority[1]));
  const rest = line.slice(at);
  const host = /^[^\s:[\]]+(?:\[\d+\])?:\s/.test(rest) ? null : HOST.exec(rest);
  let message = host ? rest.slice(host[0].length) : rest;
  // Cisco's ASA: `host : %ASA-6-302013: text`.
  if (message.startsWith(": %")) message = message.slice(2);
  // Without a priority or the old form of time only a tag tells syslog from an application's line.
  if (!letters && !priority && (!host || !isHost(host[1]!) || !(isTagged(message.replace(LEVEL_OF_FACILITY, "")) || TOPICS.test(message) || isRow(message)))) return undefined;
  if (letters && !priority && host && !isHost(host[1]!)) return undefined;
  if (host) record.host = host[1]!;
  const facility = LEVEL_OF_FACILITY.exec(message);
  if (facility && (SYSLOG_FACILITIES as readonly string[]).includes(facility[1]!) && severityOfText(facility[2]!) > 0) {
    record.set("syslog.facility", facility[1]);
    record.setSeverity(severityOfText(facility[2]!), facility[2]!);
    message = message.slice(facility[0].length);
  }
  const tag = TAG.exec(message);
  if (tag && !/^(?:CEF|LEEF|%.*)$/.test(tag[1]!)) {
    record.service = tag[1]!;
    record.set("process.pid", tag[2]);
    message = message.slice(tag[0].length);
  } else if (!host && !tag) return undefined;
  readInner(record, message, context, inner);
  return record;
};

const isHost = (text: string): boolean => /^[\w.:%-]+$/.test(text) && severityOfText(text) === 0 && !/^\d{1,5}$/.test(text);

/** A pair in front of a colon is no tag. */
const isTagged = (message: string): boolean => !/[=()]/.test(TAG.exec(message)?.[1] ?? "=");

/** Firewalls send rows of columns without a tag. */
const isRow = (message: string): boolean => message.split(",", 10).length === 10;

const startsLikeSyslog = (line: string): boolean => /^<\d{1,3}>|^[*.]?[A-Z][a-z]{2} [ \d]?\d |^\d{4}-\d\d-\d\dT\d/.test(line);

export const createSyslogParsers = (inner: readonly LineParser[]) => {
  const rfc5424: LineParser = {
    name: "syslog_rfc5424",
    description: "Syslog as RFC 5424 has it, with structured data; strict.",
    detect: (line) => /^<\d{1,3}>\d{1,3} /.test(line),
    parse: (line, context) => parse5424(line, context, inner, false),
  };
  const syslog: LineParser = {
    name: "syslog",
    description: "Syslog of files and senders: RFC 3164 with or without priority and host, RFC 3339 times, and RFC 5424 with its usual faults.",
    detect: startsLikeSyslog,
    parse: (line, context) => parse5424(line, context, inner, true) ?? parse3164(line, context, inner),
  };
  return [rfc5424, syslog] as const;
};
