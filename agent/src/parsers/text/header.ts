/**
 * The start of an application's text line, whatever its layout: times, levels, threads, loggers,
 * process ids and tags in any order and dress, as log4j, logback, Python, Go, .NET, Ruby, PHP, Rust
 * and their like write them. What follows is the message.
 */

import { SYSLOG_SEVERITIES } from "@obs/wire";
import {
  ANSI, BEFORE_DOTTED, BEFORE_LEVEL, BEFORE_PROCESS, BEFORE_SOURCE, BEFORE_TIME, CELL, DAEMON, DOTTED, ELAPSED, INSTANCE, LABELS, LEVEL_LETTER, LEVEL_PAIR, LEVEL_WORD, MAX_GROUP, MAX_PARTS, MODULE_LEVEL, NAMES_IN_BRACKETS, NUMBER, NUMBER_AFTER_LEVEL, PAIRS_BEFORE_LEVEL, PAIR_SEVERITIES, PID_TID, PLAIN_NAME, PROCESS, PLACES, PLACES_ANYWHERE, SEPARATORS, THREAD,
} from "./header-parts.ts"; // prettier-ignore
import { isIpv6, setAddress, splitPort } from "./http.ts";
import { severityOfMark, severityOfText } from "./level.ts";
import type { ParseContext, ParsedRecord } from "./record.ts";
import { endOfBracket } from "./tokens.ts";

export const withoutColours = (line: string): string => (line.includes("[") && (line.includes("\u001b") || line.includes("\\") || line.includes("#033")) ? line.replace(ANSI, "") : line);

/** Reads what it knows at the start of `text` into the record. Index where the message begins. */
export const readHeader = (record: ParsedRecord, text: string, from: number, context: ParseContext): number => {
  // Of a record of several lines only the first has a header.
  const newline = text.indexOf("\n", from);
  return new HeaderReader(record, newline < 0 ? text : text.slice(0, newline), context).read(from);
};

class HeaderReader {
  readonly #record: ParsedRecord;
  readonly #line: string;
  readonly #context: ParseContext;
  #at = 0;
  #hasTime = false;
  #hasLevel = false;
  /** Of a layout with bars. */
  readonly #hasBars: boolean;
  readonly #hasCells: boolean;
  #names = 0;

  constructor(record: ParsedRecord, line: string, context: ParseContext) {
    this.#record = record;
    this.#line = line;
    this.#context = context;
    this.#hasTime = record.timestampText !== "";
    this.#hasLevel = record.severity !== 0;
    this.#hasBars = line.includes("|");
    this.#hasCells = this.#hasBars && line.includes(" | ");
  }

  read(from: number): number {
    this.#at = from;
    for (let part = 0; part < MAX_PARTS; part++) {
      const start = this.#at;
      this.#at = this.#afterSeparators(start);
      if (this.#at >= this.#line.length) break;
      if (!this.#part()) {
        // Blanks that no header part follows belong to the message's margin.
        if (part === 0) this.#at = start;
        break;
      }
    }
    // Without a header blanks at the start are the line's own, as in stack traces.
    return this.#at === from ? from : this.#afterSeparators(this.#at);
  }

  #afterSeparators(at: number): number {
    SEPARATORS.lastIndex = at;
    return SEPARATORS.test(this.#line) ? SEPARATORS.lastIndex : at;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#line);
  }

  #part(): boolean {
    const first = this.#line[this.#at]!;
    if (first === "[" || first === "(" || first === "{" || first === "<") return this.#group(first);
    if (this.#time(this.#at)) return true;
    if ((first >= "0" && first <= "9") || /^#\d/.test(this.#line.slice(this.#at, this.#at + 2))) return this.#number() || this.#address();
    return this.#level() || this.#source() || this.#process() || this.#name();
  }

  /** A second time counts only when it says more than the first. */
  #time(at: number): boolean {
    const { time, nowSeconds } = this.#context;
    const end = time.match(this.#line, at, nowSeconds);
    if (end < 0 || /[\w]/.test(this.#line[end] ?? " ")) return false;
    if (this.#hasTime && time.explicitness < 3) return false;
    this.#takeTime(this.#line.slice(at, end));
    this.#at = end;
    return true;
  }

  #takeTime(text: string): void {
    const { time } = this.#context;
    const record = this.#record;
    if (!this.#hasTime || time.explicitness > record.timeExplicitness || (time.explicitness === record.timeExplicitness && time.nanoseconds > 0 && record.nanoseconds === 0)) {
      if (this.#hasTime) record.set("log.time", record.timestampText);
      record.setTime(this.#context, text);
      this.#hasTime = true;
    } else record.set("log.time", text);
  }

  #level(): boolean {
    const pair = this.#match(LEVEL_PAIR);
    if (pair) return this.#takeLevel(PAIR_SEVERITIES[pair[1]!]!, pair[0].length, `${pair[1]}(${pair[2]})`) && (this.#record.set("syslog.priority", pair[2]), true);
    const word = this.#match(LEVEL_WORD);
    if (word) return this.#levelWord(word[1]!);
    const letter = this.#hasLevel ? null : this.#match(LEVEL_LETTER);
    if (!letter) return false;
    const after = this.#line.slice(this.#at + 1);
    if (!this.#hasTime && !/^,?\s*\[|^[/|]/.test(after)) return false;
    return this.#takeLevel(letter[1]!, 1);
  }

  #levelWord(word: string): boolean {
    const severity = severityOfText(word);
    if (severity === 0) return false;
    const after = this.#line.slice(this.#at + word.length, this.#at + word.length + 3);
    const capitals = word === word.toUpperCase();
    const lower = word === word.toLowerCase();
    // Java's service wrapper puts time and level in front of a line that has both.
    if (this.#hasLevel && capitals && this.#record.attributes.has("log.time") && this.#record.severityText !== word) {
      this.#record.set("log.level", word);
      if (severity > this.#record.severity) this.#record.setSeverity(severity, word);
      return this.#skip(word.length);
    }
    if (this.#hasLevel) return capitals && this.#record.severityText.toLowerCase() === word.toLowerCase() && this.#skip(word.length);
    const marked = /^\s*[:|\]]|^\s\s|^\s*\[|^\/|^,/.test(after) || after === "";
    if (!this.#hasTime && !marked && !(capitals && after.startsWith(" "))) return false;
    // `panic: x` and `error: x` at a line's start are texts; .NET's console writes `info: Category[0]`.
    const isText = lower && !this.#hasTime && after.startsWith(":") && !/^: [\w.]+\[\d+\]/.test(this.#line.slice(this.#at + word.length));
    if (isText || (!capitals && !lower && !/^\s*[|\]]/.test(after))) {
      // "Error: boom", "Error while ...": a level, and the first word of the message. Before a name it is a level alone.
      this.#record.setSeverity(severity, word);
      this.#hasLevel = true;
      return /^\s\w+:\s/.test(this.#line.slice(this.#at + word.length, this.#at + word.length + 40)) && this.#skip(word.length);
    }
    if (lower && !marked && /^(?:log|fine|config|note|fail|failure|alert|http)$/.test(word)) return false;
    // Python: `LEVEL:module:message`; Flask: `LEVEL in module:`.
    const module = /^(?::([A-Za-z_][\w.-]*):(?!\s)| in ([\w.]+): )/.exec(this.#line.slice(this.#at + word.length));
    if (module) {
      this.#record.set("logger", module[1] ?? module[2]);
      this.#names++;
      return this.#takeLevel(word, word.length + module[0].length, word);
    }
    return this.#takeLevel(word, word.length);
  }

  #takeLevel(word: string, length: number, text = word): boolean {
    this.#record.setSeverity(severityOfMark(word), text);
    this.#hasLevel = true;
    this.#at += length;
    const elapsed = this.#hasTime ? null : this.#match(ELAPSED);
    if (elapsed) {
      this.#record.set("log.elapsed", elapsed[1]);
      this.#at += elapsed[0].length;
    }
    return true;
  }

  #skip(length: number): boolean {
    this.#at += length;
    return true;
  }

  #number(): boolean {
    const found = this.#hasTime || this.#record.attributes.size > 0 ? this.#match(this.#hasLevel ? NUMBER_AFTER_LEVEL : NUMBER) : null;
    if (!found) return false;
    this.#record.set(this.#record.attributes.has("process.pid") ? "thread.id" : "process.pid", found[1]);
    return this.#skip(found[0].length);
  }

  /** `192.168.1.30:52234 message`: whom it is about. */
  #address(): boolean {
    const found = this.#hasTime ? /^(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?(?=\s|:\s)/.exec(this.#line.slice(this.#at, this.#at + 24)) : null;
    if (!found) return false;
    setAddress(this.#record, "client", found[0]);
    return this.#skip(found[0].length);
  }

  #source(): boolean {
    const places = this.#hasTime && this.#hasCells ? PLACES : PLACES_ANYWHERE;
    for (const [pattern, names] of places) {
      const found = this.#match(pattern);
      if (!found) continue;
      for (const [index, name] of names.entries()) this.#record.set(name, found[index + 1]);
      return this.#skip(found[0].length);
    }
    return false;
  }

  #process(): boolean {
    const found = this.#match(PROCESS);
    if (!found || severityOfText(found[1]!) > 0) return false;
    this.#record.setAll({ "process.executable.name": found[1], "process.pid": found[2], "thread.name": found[3] });
    return this.#skip(found[0].length);
  }

  #name(): boolean {
    if (!this.#hasTime && !this.#hasLevel) return this.#beforeTime();
    if (this.#hasTime && this.#names === 0 && (this.#pairs() || this.#instance())) return true;
    const host = this.#hasTime && !this.#hasLevel && this.#names === 0 ? this.#match(BEFORE_PROCESS) : null;
    if (host) {
      this.#record.host = host[1]!;
      return this.#skip(host[0].length);
    }
    const dotted = this.#match(DOTTED);
    if (dotted && !(this.#hasTime && !this.#hasLevel && this.#match(BEFORE_LEVEL)) && this.#names < 2 && this.#looksLikeLogger(dotted[1]!)) {
      this.#names++;
      const colon = /^([\w.-]+)\.([A-Za-z]+)$/.exec(dotted[1]!);
      // Monolog: `channel.LEVEL:`
      const severity = colon && !this.#hasLevel && colon[2] === colon[2]!.toUpperCase() ? severityOfText(colon[2]!) : 0;
      if (colon && severity > 0) {
        this.#record.set("logger", colon[1]);
        this.#record.setSeverity(severity, colon[2]!);
        this.#hasLevel = true;
      } else this.#setLogger(dotted[1]!, dotted[0].length);
      return this.#skip(dotted[0].length);
    }
    const cell = this.#hasBars && this.#names < 3 ? this.#match(CELL) : null;
    if (cell) {
      this.#names++;
      // `jvm 1`
      const numbered = /^([A-Za-z_]\w*) (\d+)$/.exec(cell[1]!);
      this.#record.set(numbered?.[1] ?? "logger", numbered?.[2] ?? cell[1]);
      return this.#skip(cell[0].length);
    }
    const before = this.#hasTime && this.#hasLevel && this.#names === 0 ? this.#match(BEFORE_DOTTED) : null;
    if (before) {
      this.#record.set("tag", before[1]);
      return this.#skip(before[0].length);
    }
    const thread = this.#hasTime ? this.#match(this.#hasLevel ? BEFORE_SOURCE : BEFORE_LEVEL) : null;
    if (thread) {
      this.#record.set("thread.name", thread[1]);
      return this.#skip(thread[0].length);
    }
    const plain = this.#match(this.#hasLevel ? PLAIN_NAME : DAEMON);
    if (!plain || this.#names > 0 || !this.#hasTime || severityOfText(plain[1]!) > 0) return false;
    this.#names++;
    this.#record.set("logger", plain[1]);
    return this.#skip(plain[0].length);
  }

  #pairs(): boolean {
    const found = this.#hasLevel ? null : this.#match(PAIRS_BEFORE_LEVEL);
    if (!found) return false;
    this.#names++;
    for (const pair of found[1]!.trim().split(/ +/)) this.#record.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    return this.#skip(found[0].length);
  }

  #instance(): boolean {
    const found = this.#hasLevel ? null : this.#match(INSTANCE);
    if (!found) return false;
    this.#names++;
    this.#record.setAll({ "process.executable.name": found[1], "process.instance": found[2] });
    return this.#skip(found[0].length);
  }

  /** `com.example.Shop.open(Shop.java:12)` is a class and its function. */
  #setLogger(name: string, length: number): void {
    const frame = /^\(([\w$]+)\.\w{2,6}:\d+\)/.exec(this.#line.slice(this.#at + length, this.#at + length + 96));
    const dot = name.lastIndexOf(".");
    if (!frame || name.slice(0, dot).split(/[.$]/).at(-1) !== frame[1]) this.#record.set("logger", name);
    else this.#record.setAll({ logger: name.slice(0, dot), "code.function.name": name.slice(dot + 1) });
  }

  #beforeTime(): boolean {
    const name = this.#match(BEFORE_TIME);
    if (!name || this.#names > 0 || severityOfText(name[1]!) > 0) return false;
    const at = this.#at + name[0].length;
    const end = this.#context.time.match(this.#line, at, this.#context.nowSeconds);
    if (end < 0 || this.#context.time.explicitness < 3) return false;
    this.#names++;
    this.#record.set("logger", name[1]);
    this.#at = at;
    return true;
  }

  /** A dotted word that a sentence goes on with is a host or a file of that sentence. */
  #looksLikeLogger(name: string): boolean {
    const after = this.#line.slice(this.#at + name.length, this.#at + name.length + 4);
    return /^\s*(?::\s|-\s|\||\[|\(|$)/.test(after) || (this.#hasLevel && this.#hasTime && /^\s/.test(after) && (/\.[A-Z]\w*$|::/.test(name) || name.split(".").length > 2) && !name.includes("/"));
  }

  #group(open: string): boolean {
    const close = endOfBracket(this.#line, this.#at + 1, open, open === "[" ? "]" : open === "(" ? ")" : open === "{" ? "}" : ">");
    if (close < 0 || close - this.#at > MAX_GROUP) return false;
    const inner = this.#line.slice(this.#at + 1, close).trim();
    // What masking left is a part of the text.
    if (LABELS.has(`[${inner}]`)) return false;
    if (inner === "") {
      if (open === "{") return false;
      return this.#skip(close + 1 - this.#at);
    }
    if (!this.#classify(inner, open)) return false;
    this.#at = close + 1;
    return true;
  }

  #classify(inner: string, open: string): boolean {
    const record = this.#record;
    const { time, nowSeconds } = this.#context;
    const timeEnd = time.match(inner, 0, nowSeconds);
    if (timeEnd > 0 && (timeEnd === inner.length || /^[\s,|:]/.test(inner.slice(timeEnd)))) {
      this.#takeTime(inner.slice(0, timeEnd));
      return timeEnd === inner.length || this.#inside(inner.slice(timeEnd));
    }
    const severity = severityOfMark(inner);
    if (severity > 0 && (open !== "<" || inner.length > 1)) {
      if (!this.#hasLevel) record.setSeverity(severity, inner);
      else record.set("tag", inner);
      this.#hasLevel = true;
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
      if (!this.#hasLevel) record.setSeverity(severityOfText(module[2]!), module[2]!);
      return (this.#hasLevel = true);
    }
    if (open === "<" && this.#at === 0 && /^(?:1?\d?\d)$/.test(inner) && Number(inner) <= 191) {
      // The priority of RFC 3164, without the rest of it.
      record.set("syslog.priority", inner);
      record.setSeverity(SYSLOG_SEVERITIES[Number(inner) & 7]!, inner);
      return (this.#hasLevel = true);
    }
    if (open === "(" && (/\s/.test(inner) || (!this.#hasTime && !/^[A-Za-z_]\w*(?:\.\w+)+$/.test(inner)))) return false;
    if (open === "{" && !/^[\w.]+:\d+$/.test(inner)) return false;
    if (open === "<" && !/^[\w.]+$/.test(inner)) return false;
    return this.#tag(inner);
  }

  /** `[DEBUG 2015-05-20 12:22:19 main]`, `[2024-06-26T17:00:04 #12]`: a header within brackets. */
  #inside(rest: string): boolean {
    // Celery: `: INFO/MainProcess`.
    // Samba's debug level.
    const grade = /^,\s+(\d{1,2})(?=,|$)/.exec(rest);
    if (grade) this.#record.set("log.grade", grade[1]);
    const words = rest.slice(grade?.[0].length ?? 0).replace(/^:/, "").replace(/\b([A-Z]{4,8})\/(?=\w)/, "$1 ").trim().split(/[\s|,[]+/);
    if (words.length > 8) return true;
    for (const word of words) {
      const pair = /^([\w.-]+)=(.*)$/.exec(word);
      if (pair) {
        this.#record.set(pair[1]!, pair[2]);
        continue;
      }
      const severity = this.#hasLevel ? 0 : severityOfMark(word);
      if (severity > 0) {
        this.#record.setSeverity(severity, word);
        this.#hasLevel = true;
      } else if (this.#hasLevel && /^[A-Za-z_][\w$]*(?:\.[\w$]+)+$/.test(word)) this.#record.set("logger", word);
      else if (/^#?\d+$/.test(word)) this.#record.set(this.#record.attributes.has("process.pid") ? "thread.id" : "process.pid", word.replace("#", ""));
      else if (word !== "") this.#record.set(/\d$|thread|worker|main|process/i.test(word) ? "thread.name" : "logger", word);
    }
    return true;
  }

  #tag(inner: string): boolean {
    const record = this.#record;
    const head = /^([A-Za-z]{3,8}),?\s+/.exec(inner);
    if (head && !this.#hasLevel && severityOfText(head[1]!) > 0 && head[1] === head[1]!.toUpperCase()) {
      const rest = inner.slice(head[0].length);
      const end = this.#context.time.match(rest, 0, this.#context.nowSeconds);
      if (end > 0 || this.#hasTime) {
        record.setSeverity(severityOfText(head[1]!), head[1]!);
        this.#hasLevel = true;
        if (end > 0) this.#takeTime(rest.slice(0, end));
        return this.#inside(end > 0 ? rest.slice(end) : rest);
      }
    }
    if (!this.#hasLevel && /\s(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s/.test(inner)) return this.#inside(inner);
    if (/^\d+$/.test(inner)) {
      record.set(record.attributes.has("process.pid") ? "thread.id" : "process.pid", inner);
      return true;
    }
    const url = inner.includes("://") ? /([a-z][a-z\d+.-]{1,15}):\/\/([^/\s:\]]+)(?::(\d{1,5}))?(?:\/|$)/.exec(inner) : null;
    if (url) record.setAll({ "url.scheme": url[1], "server.address": url[2], "server.port": url[3] });
    const source = /^([\w./\\:-]+\.?\w*):(\d+)$/.exec(inner);
    const { port } = splitPort(inner);
    if (source && !/^[\d.:a-fA-F]+$/.test(source[1]!)) {
      record.setAll({ [/[./]/.test(source[1]!) ? "code.file.path" : "code.namespace"]: source[1], "code.line.number": source[2] });
      return true;
    }
    if (port !== undefined || /^(?:\d{1,3}\.){3}\d{1,3}$/.test(inner) || isIpv6(inner)) {
      setAddress(record, "client", inner);
      return true;
    }
    const pairs = [...inner.matchAll(/([A-Za-z_][\w.-]*)[=:]\s?("[^"]*"|[^\s,;"]*)/g)];
    if (pairs.length > 0 && /^[\w.@-]+=/.test(inner.replace(/^\S+@\d+ /, ""))) {
      const origin = /^(\S+@\d+) /.exec(inner);
      if (origin) record.set("origin", origin[1]);
      for (const [, name, value] of pairs) record.set(NAMES_IN_BRACKETS.get(name!) ?? name!, value!.replace(/^"|"$/g, ""));
      return true;
    }
    const word = /^([A-Za-z_][\w-]*):?\s+(\S+)$/.exec(inner);
    if (word) {
      const { address, port: wordPort } = splitPort(word[2]!);
      if (wordPort !== undefined) setAddress(record, word[1]!.toLowerCase(), word[2]!);
      else record.set(word[1]!.toLowerCase() === "client" ? "client.address" : word[1]!, address);
      return true;
    }
    const labelled = /^([A-Za-z_][\w-]*): (.+)$/.exec(inner) ?? /^([a-z_][\w-]*):([^:]+)$/.exec(inner);
    if (labelled) {
      record.set(labelled[1]!.toLowerCase() === "client" ? "client.address" : labelled[1]!, labelled[2]);
      return true;
    }
    if (/\s/.test(inner) && !THREAD.test(inner) && (!this.#hasTime || inner.split(/\s+/).length > 3)) return false;
    const name = THREAD.test(inner) && !record.attributes.has("thread.name") ? "thread.name" : record.attributes.has("logger") || /[^\w.$:#@/-]/.test(inner) ? "tag" : "logger";
    record.set(name, inner);
    return true;
  }
}
