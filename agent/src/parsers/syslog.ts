/**
 * Syslog messages: RFC 5424 (with structured data) and RFC 3164 as devices write it. Pure; the text
 * is one message without its framing. Nothing is refused: what has no header is a message.
 */

import { SYSLOG_SEVERITIES } from "@obs/wire";
import { TimestampParser } from "./timestamp.ts";

export interface SyslogMessage {
  /** 0-23 (RFC 5424, table 1); undefined without a priority. */
  readonly facility: number | undefined;
  /** OpenTelemetry's number; 0 without a priority. */
  readonly severity: number;
  /** ns since 1970; undefined when there is none, or none that can be read. */
  readonly timestamp: bigint | undefined;
  /** "" where there is none, as for all that follow. */
  readonly host: string;
  readonly appName: string;
  readonly procId: string;
  readonly msgId: string;
  /** `<SD-ID>.<PARAM-NAME>` to value; of a name that is repeated, the values joined by a comma. */
  readonly structuredData: Readonly<Record<string, string>>;
  readonly message: string;
}

export const SYSLOG_FACILITIES = [
  "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
  "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
] as const;

const NS_PER_SECOND = 1_000_000_000n;
const MAX_PRIORITY = 191;
const NIL = "-";

/** `<165>1 2003-10-11T22:14:15.003Z host app 123 ID47 `; lengths are generous (section 6.2 has 255, 48, 128, 32). */
const HEADER_5424 = /^(\S{1,64}) (\S{1,1024}) (\S{1,256}) (\S{1,256}) (\S{1,256}) /;
const PARAM = /\s+([^\s="\]]{1,256})="((?:[^"\\]|\\[\s\S])*)"/y;
const ELEMENT_START = /\[([^\s="\]]{1,256})/y;
const BYTE_ORDER_MARK = "\ufeff";

/** `sshd[4242]: `, `su: `, `postfix/smtpd[7]: `, `%LINK-3-UPDOWN: `; without a colon or a number it is text. */
const TAG = /^([^\s:[\]]{1,128})(?:\[([^\]\s]{0,64})\])?: ?|^([^\s:[\]]{1,128})\[([^\]\s]{0,64})\] ?/;
const HOST = /^[\w.:%-]{1,255}$/;

/** Longest time: with a zone, nanoseconds and blanks. */
const TIME_BYTES = 64;
const scratch = Buffer.alloc(TIME_BYTES);
const times = new TimestampParser(scratch);

const nsOf = (): bigint => BigInt(times.seconds) * NS_PER_SECOND + BigInt(times.nanoseconds);

const unlessNil = (text: string): string => (text === NIL ? "" : text);

/** Priority and what follows it. */
const splitPriority = (text: string): { readonly priority: number; readonly rest: number } => {
  const end = text.charCodeAt(0) === 60 /* < */ ? text.indexOf(">") : -1;
  const digits = end > 0 && end <= 4 ? text.slice(1, end) : "";
  const priority = /^\d{1,3}$/.test(digits) ? Number(digits) : -1;
  return priority >= 0 && priority <= MAX_PRIORITY ? { priority, rest: end + 1 } : { priority: -1, rest: 0 };
};

/** Structured data at `at`, and the index after it; -1 when it is not of its form. */
const readStructuredData = (text: string, at: number): { readonly end: number; readonly data: Record<string, string> } => {
  const data = new Map<string, string>();
  if (text[at] === NIL) return { end: at + 1, data: {} };
  if (text[at] !== "[") return { end: -1, data: {} };
  let end = at;
  while (text[end] === "[") {
    ELEMENT_START.lastIndex = end;
    const id = ELEMENT_START.exec(text)?.[1];
    if (id === undefined) return { end: -1, data: {} };
    end = ELEMENT_START.lastIndex;
    for (PARAM.lastIndex = end; ; ) {
      const [, name, raw] = PARAM.exec(text) ?? [];
      if (raw === undefined) break;
      end = PARAM.lastIndex;
      const key = `${id}.${name}`;
      const value = raw.includes("\\") ? raw.replaceAll(/\\(["\\\]])/g, "$1") : raw;
      const known = data.get(key);
      data.set(key, known === undefined ? value : `${known},${value}`);
    }
    while (text[end] === " ") end++;
    if (text[end] !== "]") return { end: -1, data: {} };
    end++;
  }
  return { end, data: Object.fromEntries(data) };
};

type Header = Pick<SyslogMessage, "facility" | "severity">;

const parse5424 = (header: Header, text: string): SyslogMessage | undefined => {
  const fields = HEADER_5424.exec(text);
  if (!fields) return undefined;
  const [whole, time, host, appName, procId, msgId] = fields as unknown as [string, string, string, string, string, string];
  const length = scratch.write(time);
  const hasTime = time !== NIL && times.parse(0, length);
  if (!hasTime && time !== NIL) return undefined;
  const timestamp = hasTime ? nsOf() : undefined;
  const { end, data } = readStructuredData(text, whole.length);
  // Broken structured data is kept, as the message: nothing is lost.
  let rest = text.slice(end < 0 ? whole.length : end);
  // rsyslog's own template puts a second space before the text: the one after RFC 3164's tag.
  if (end >= 0) rest = rest.replace(/^ {1,2}/, "");
  if (rest.startsWith(BYTE_ORDER_MARK)) rest = rest.slice(1);
  return { ...header, timestamp, host: unlessNil(host), appName: unlessNil(appName), procId: unlessNil(procId), msgId: unlessNil(msgId), structuredData: data, message: rest };
};

/** Whether the first word of an RFC 3164 message is its host: the tag has a colon or a bracket. */
const splitHost = (text: string): { readonly host: string; readonly rest: string } => {
  const end = text.indexOf(" ");
  const word = end < 0 ? text : text.slice(0, end);
  if (end < 0 || word.endsWith(":") || !HOST.test(word)) return { host: "", rest: text };
  return { host: word, rest: text.slice(end + 1) };
};

const parse3164 = (header: Header, text: string, nowSeconds: number): SyslogMessage => {
  const nothing = { ...header, timestamp: undefined, host: "", appName: "", procId: "", msgId: "", structuredData: {} };
  const length = scratch.write(text.slice(0, TIME_BYTES));
  // Cisco marks a clock that is not synchronised with a star or a dot, and ends the time with a colon.
  const start = text[0] === "*" || text[0] === "." ? 1 : 0;
  const timeEnd = length > 0 ? times.parsePrefix(start, length, nowSeconds) : -1;
  const timestamp = timeEnd > 0 ? nsOf() : undefined;
  let rest = timestamp === undefined ? text : text.slice(timeEnd);
  if (timestamp !== undefined && rest !== "" && !/^:? /.test(rest)) return { ...nothing, message: text };
  rest = rest.replace(/^:? +/, "");
  // Without a time there is no header either (section 4.3.2), but there may be a tag.
  const { host, rest: afterHost } = timestamp === undefined ? { host: "", rest } : splitHost(rest);
  const tag = header.facility === undefined && timestamp === undefined ? null : TAG.exec(afterHost);
  if (!tag) return { ...nothing, timestamp, host, message: afterHost };
  const [whole, name = "", id = "", bracketName = "", bracketId = ""] = tag;
  return { ...nothing, timestamp, host, appName: name || bracketName, procId: id || bracketId, message: afterHost.slice(whole.length) };
};

/** `nowSeconds` gives times of RFC 3164 their year. */
export const parseSyslog = (text: string, nowSeconds: number): SyslogMessage => {
  const { priority, rest } = splitPriority(text);
  const header: Header = priority < 0 ? { facility: undefined, severity: 0 } : { facility: priority >> 3, severity: SYSLOG_SEVERITIES[priority & 7]! };
  const body = rest === 0 ? text : text.slice(rest);
  const modern = priority >= 0 && /^[1-9]\d? /.test(body) ? parse5424(header, body.slice(body.indexOf(" ") + 1)) : undefined;
  return modern ?? parse3164(header, body, nowSeconds);
};
