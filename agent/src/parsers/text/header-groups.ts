/** Parts of a header in brackets: times, levels, threads, ids, places in the source, pairs, tags. */

import { SYSLOG_SEVERITIES } from "@obs/wire";
import { LABELS, MAX_GROUP, MODULE_LEVEL, PID_TID, THREAD } from "./header-parts.ts";
import { isHex, type HeaderState } from "./header-state.ts";
import { isIpv6, setAddress, splitPort } from "./http.ts";
import { severityOfMark, severityOfText } from "./level.ts";
import { endOfBracket } from "./tokens.ts";

const CLOSING: Readonly<Record<string, string>> = { "[": "]", "(": ")", "{": "}", "<": ">" };

/** Reads the bracketed part that begins here; false when it belongs to the message. */
export const readGroup = (state: HeaderState, open: string): boolean => {
  const { line, at } = state;
  const close = endOfBracket(line, at + 1, open, CLOSING[open]!);
  if (close < 0 || close - at > MAX_GROUP) return false;
  const inner = line.slice(at + 1, close).trim();
  // What masking left is a part of the text.
  if (LABELS.has(`[${inner}]`)) return false;
  if (inner === "") return open !== "{" && state.skip(close + 1 - at);
  if (open === "<" && line.includes("</")) return false;
  if (!classify(state, inner, open, close)) return false;
  state.at = close + 1;
  return true;
};

const classify = (state: HeaderState, inner: string, open: string, close: number): boolean => {
  const { record, context } = state;
  const timeEnd = context.time.match(inner, 0, context.nowSeconds);
  if (timeEnd > 0 && (timeEnd === inner.length || /^[\s,|:]/.test(inner.slice(timeEnd)))) {
    state.takeTime(inner.slice(0, timeEnd));
    return timeEnd === inner.length || readInside(state, inner.slice(timeEnd));
  }
  const severity = severityOfMark(inner);
  // Murmur: `<W>2024-06-07 10:00:00.123 `.
  if (severity > 0 && (open !== "<" || inner.length > 1 || /^\d{4}-\d\d-/.test(state.line.slice(close + 1, close + 9)))) {
    if (state.hasLevel) record.set("tag", inner);
    else state.setLevel(severity, inner);
    return true;
  }
  const ids = PID_TID.exec(inner);
  if (ids) {
    record.setAll({ "process.pid": ids[1], "thread.id": ids[2] });
    return true;
  }
  const module = MODULE_LEVEL.exec(inner);
  if (module && severityOfText(module[2]!) > 0) {
    record.set("logger", module[1] === "" ? undefined : module[1]);
    return state.hasLevel || state.setLevel(severityOfText(module[2]!), module[2]!);
  }
  if (open === "[" && readElapsed(state, inner)) return true;
  if (open === "<") return readAngle(state, inner);
  if (open === "(") return readRound(state, inner, close);
  if (open === "{" && !/^[\w.]+:\d+$/.test(inner)) return false;
  return readTag(state, inner);
};

/** printk's seconds since the start (Documentation/core-api/printk-basics), and the JVM's `-Xlog` decoration (JEP 158). */
const readElapsed = ({ record }: HeaderState, inner: string): boolean => {
  if (/^\d{1,8}\.\d{6}$/.test(inner)) record.set("kernel.uptime", inner);
  else if (/^\d{1,12}(?:\.\d{1,9})?(?:s|ms|ns)$/.test(inner)) record.set("log.elapsed", inner);
  else return false;
  return true;
};

const readAngle = (state: HeaderState, inner: string): boolean => {
  const { record, at } = state;
  if (at === 0 && /^(?:1?\d?\d)$/.test(inner) && Number(inner) <= 191) {
    // The priority of RFC 3164, without the rest of it.
    record.set("syslog.priority", inner);
    return state.setLevel(SYSLOG_SEVERITIES[Number(inner) & 7]!, inner);
  }
  // A process of Erlang: RabbitMQ, ejabberd.
  if (/^\d+\.\d+\.\d+$/.test(inner)) {
    record.set("erlang.pid", `<${inner}>`);
    return true;
  }
  return /^[\w.]+$/.test(inner) && readTag(state, inner);
};

const readRound = (state: HeaderState, inner: string, close: number): boolean => {
  const { record, line, at } = state;
  // HAProxy's stderr: `[NOTICE]   (7) : text`.
  if (state.hasLevel && /^\d{1,10}$/.test(inner) && line.startsWith(" : ", close + 1)) {
    state.setNumber(inner);
    return true;
  }
  // WildFly, JBoss: `%-5p [%c] (%t) %s`.
  if (state.hasTime && state.hasLevel && line.endsWith("] ", at) && /^[A-Za-z][\w #.:/-]{0,63}$/.test(inner) && !record.attributes.has("thread.name")) {
    record.set("thread.name", inner);
    return true;
  }
  if (/\s/.test(inner) || (!state.hasTime && !/^[A-Za-z_]\w*(?:\.\w+)+$/.test(inner))) return false;
  return readTag(state, inner);
};

/** `[DEBUG 2015-05-20 12:22:19 main]`, `[2024-06-26T17:00:04 #12]`: a header within brackets. */
const readInside = (state: HeaderState, rest: string): boolean => {
  const { record } = state;
  // Samba's debug level.
  const grade = /^,\s+(\d{1,2})(?=,|$)/.exec(rest);
  if (grade) record.set("log.grade", grade[1]);
  // Celery: `: INFO/MainProcess`.
  const words = rest.slice(grade?.[0].length ?? 0).replace(/^:/, "").replace(/\b([A-Z]{4,8})\/(?=\w)/, "$1 ").trim().split(/[\s|,[]+/);
  if (words.length > 8) return true;
  for (const word of words) {
    const pair = /^([\w.-]+)=(.*)$/.exec(word);
    const severity = state.hasLevel || pair ? 0 : severityOfMark(word);
    const place = /^([A-Za-z_][\w.]*):(\d+)$/.exec(word);
    if (pair) record.set(pair[1]!, pair[2]);
    else if (severity > 0) state.setLevel(severity, word);
    else if (state.hasLevel && /^[A-Za-z_][\w$]*(?:\.[\w$]+)+$/.test(word)) record.set("logger", word);
    else if (state.hasLevel && place) record.setAll({ logger: place[1], "code.line.number": place[2] });
    else if (/^#?\d+$/.test(word)) state.setNumber(word.replace("#", ""));
    else if (word !== "") record.set(/\d$|thread|worker|main|process/i.test(word) ? "thread.name" : "logger", word);
  }
  return true;
};

/** Level and time in one bracket: `[INFO 2024-06-07 10:00:00 main]`, Tornado's `[I 240607 10:00:00 web:2239]`. */
const readLevelFirst = (state: HeaderState, inner: string): boolean => {
  const head = /^([A-Za-z]{3,8}|[VDIWEFC](?= \d)),?\s+/.exec(inner);
  const severity = head && !state.hasLevel && head[1] === head[1]!.toUpperCase() ? severityOfMark(head[1]) : 0;
  if (severity === 0) return false;
  const rest = inner.slice(head![0].length);
  const end = state.context.time.match(rest, 0, state.context.nowSeconds);
  if (end <= 0 && !(state.hasTime && head![1]!.length > 1)) return false;
  state.setLevel(severity, head![1]!);
  if (end > 0) state.takeTime(rest.slice(0, end));
  return readInside(state, end > 0 ? rest.slice(end) : rest);
};

/** Spring's `[trace-span]` (Micrometer Tracing) and `[application,trace,span,export]` (Sleuth). */
const readTrace = ({ record }: HeaderState, inner: string): boolean => {
  const [first, trace, span] = /^([\w.-]*),([\da-f]{16,32}),([\da-f]{16})(?:,(?:true|false)?)?$/.exec(inner)?.slice(1) ?? ["", ...inner.split("-")];
  if (trace === undefined || span === undefined || !isHex(span, 16) || !(isHex(trace, 32) || (isHex(trace, 16) && first !== ""))) return false;
  if (first !== "") record.service = first!;
  record.traceId = trace.padStart(32, "0");
  record.spanId = span;
  return true;
};

const SOURCE_PLACE = /^([\w./\\:-]+\.?\w*):(\d+)$/;
const SOURCE_FUNCTION = /^([\w./-]+\.\w{1,4}):(\d+):([\w.<>]+)$/;

const readTag = (state: HeaderState, inner: string): boolean => {
  const { record } = state;
  if (readLevelFirst(state, inner)) return true;
  if (!state.hasLevel && /\s(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s/.test(inner)) return readInside(state, inner);
  if (/^\d+$/.test(inner)) {
    state.setNumber(inner);
    return true;
  }
  if (readTrace(state, inner)) return true;
  const url = inner.includes("://") ? /([a-z][a-z\d+.-]{1,15}):\/\/([^/\s:\]"]+)(?::(\d{1,5}))?(?:\/|$|")/.exec(inner) : null;
  if (url) record.setAll({ "url.scheme": url[1], "server.address": url[2], "server.port": url[3] });
  if (readPlace(state, inner) || readAddress(state, inner) || readPairs(state, inner)) return true;
  if (/\s/.test(inner) && !THREAD.test(inner) && (!state.hasTime || inner.split(/\s+/).length > 3)) return false;
  const name = THREAD.test(inner) && !record.attributes.has("thread.name") ? "thread.name" : record.attributes.has("logger") || /[^\w.$:#@/-]/.test(inner) ? "tag" : "logger";
  record.set(name, inner);
  return true;
};

const readPlace = ({ record }: HeaderState, inner: string): boolean => {
  const place = SOURCE_FUNCTION.exec(inner);
  if (place) {
    record.setAll({ "code.file.path": place[1], "code.line.number": place[2], "code.function.name": place[3] });
    return true;
  }
  const source = SOURCE_PLACE.exec(inner);
  if (!source || /^[\d.:a-fA-F]+$/.test(source[1]!)) return false;
  const isPath = /[./]/.test(source[1]!);
  // Cassandra: `[CompactionExecutor:7]`.
  if (!isPath && (THREAD.test(inner) || /^[A-Z][a-z]+[A-Z]/.test(inner)) && !record.attributes.has("thread.name")) record.set("thread.name", inner);
  else record.setAll({ [isPath ? "code.file.path" : "code.namespace"]: source[1], "code.line.number": source[2] });
  return true;
};

const readAddress = ({ record }: HeaderState, inner: string): boolean => {
  if (splitPort(inner).port === undefined && !/^(?:\d{1,3}\.){3}\d{1,3}$/.test(inner) && !isIpv6(inner)) return false;
  setAddress(record, "client", inner);
  return true;
};

const readPairs = (state: HeaderState, inner: string): boolean => {
  const { record } = state;
  const pairs = [...inner.matchAll(/([A-Za-z_][\w.-]*)[=:]\s?("[^"]*"|[^\s,;"]*)/g)];
  if (pairs.length > 0 && /^[\w.@-]+=/.test(inner.replace(/^\S+@\d+ /, ""))) {
    const origin = /^(\S+@\d+) /.exec(inner);
    if (origin) record.set("origin", origin[1]);
    for (const [, name, value] of pairs) state.setPair(name!, value!.replace(/^"|"$/g, ""));
    return true;
  }
  const word = /^([A-Za-z_][\w-]*):?\s+(\S+)$/.exec(inner);
  if (word) {
    const { address, port } = splitPort(word[2]!);
    if (port !== undefined) setAddress(record, word[1]!.toLowerCase(), word[2]!);
    else record.set(word[1]!.toLowerCase() === "client" ? "client.address" : word[1]!, address);
    return true;
  }
  const labelled = /^([A-Za-z_][\w-]*): (.+)$/.exec(inner) ?? /^([a-z_][\w-]*):([^:]+)$/.exec(inner);
  if (!labelled) return false;
  record.set(labelled[1]!.toLowerCase() === "client" ? "client.address" : labelled[1]!, labelled[2]);
  return true;
};
