/**
 * The start of an application's text line, whatever its layout: times, levels, threads, loggers,
 * process ids and tags in any order and dress, as log4j, logback, Python, Go, .NET, Ruby, PHP, Rust
 * and their like write them. What follows is the message.
 */

import { SYSLOG_SEVERITIES } from "@obs/wire";
import { readGroup } from "./header-groups.ts";
import {
  ANSI, BEFORE_COMPACT_TIME, BEFORE_DOTTED, BEFORE_LEVEL, BEFORE_PROCESS, BEFORE_SOURCE, BEFORE_TIME, BUNYAN, CELL, CEPH, DAEMON, DOTTED, ELAPSED, ERLANG_PLACE, GRADED, INSTANCE, LEVEL_LETTER, LEVEL_PAIR, LEVEL_WORD, MAX_PARTS, NUMBER, NUMBER_AFTER_LEVEL, PAIRS_BEFORE_LEVEL, PAIR_SEVERITIES, PLACES, PLACES_AFTER_TIME, PLACES_ANYWHERE, PLAIN_NAME, PROCESS, SEPARATORS, SIDEKIQ, STARRED_LEVEL, TAB_CELL, UPTIME_MS,
} from "./header-parts.ts"; // prettier-ignore
import { HeaderState } from "./header-state.ts";
import { setAddress } from "./http.ts";
import { severityOfMark, severityOfText } from "./level.ts";
import type { ParseContext, ParsedRecord } from "./record.ts";

export const withoutColours = (line: string): string => (line.includes("[") && (line.includes("\u001b") || line.includes("\\") || line.includes("#033")) ? line.replace(ANSI, "") : line);

/** Reads what it knows at the start of `text` into the record. Index where the message begins. */
export const readHeader = (record: ParsedRecord, text: string, from: number, context: ParseContext): number => {
  // Of a record of several lines only the first has a header.
  const newline = text.indexOf("\n", from);
  return new HeaderReader(new HeaderState(record, newline < 0 ? text : text.slice(0, newline), context)).read(from);
};

class HeaderReader {
  readonly #state: HeaderState;
  readonly #line: string;
  readonly #record: ParsedRecord;

  constructor(state: HeaderState) {
    this.#state = state;
    this.#line = state.line;
    this.#record = state.record;
  }

  read(from: number): number {
    this.#state.at = from;
    for (let part = 0; part < MAX_PARTS; part++) {
      const start = this.#state.at;
      this.#state.at = this.#afterSeparators(start);
      if (this.#state.at >= this.#line.length) break;
      if (!this.#part()) {
        // Blanks that no header part follows belong to the message's margin.
        if (part === 0) this.#state.at = start;
        break;
      }
    }
    // Without a header blanks at the start are the line's own, as in stack traces.
    return this.#state.at === from ? from : this.#afterSeparators(this.#state.at);
  }

  #afterSeparators(at: number): number {
    SEPARATORS.lastIndex = at;
    return SEPARATORS.test(this.#line) ? SEPARATORS.lastIndex : at;
  }

  /** Most parts begin otherwise: that is cheaper to see than a pattern is to try. */
  #at(character: string, offset = 0): boolean {
    return this.#line[this.#state.at + offset] === character;
  }

  #part(): boolean {
    const first = this.#line[this.#state.at]!;
    if (first === "[" || first === "(" || first === "{" || first === "<") return readGroup(this.#state, first);
    if (this.#time(this.#state.at)) return true;
    if ((first >= "0" && first <= "9") || /^#\d/.test(this.#line.slice(this.#state.at, this.#state.at + 2))) return this.#number() || this.#address() || this.#ceph();
    return this.#level() || this.#source() || this.#process() || this.#tabCell() || this.#name();
  }

  /** A second time counts only when it says more than the first. */
  #time(at: number): boolean {
    const { time, nowSeconds } = this.#state.context;
    const end = time.match(this.#line, at, nowSeconds);
    if (end < 0 || /[\w]/.test(this.#line[end] ?? " ")) return false;
    if (this.#state.hasTime && time.explicitness < 3) return false;
    this.#state.takeTime(this.#line.slice(at, end));
    this.#state.at = end;
    return true;
  }

  #level(): boolean {
    const pair = this.#state.match(LEVEL_PAIR);
    if (pair) return this.#takeLevel(PAIR_SEVERITIES[pair[1]!]!, pair[0].length, `${pair[1]}(${pair[2]})`) && (this.#record.set("syslog.priority", pair[2]), true);
    const word = this.#state.match(LEVEL_WORD);
    if (word) return this.#levelWord(word[1]!);
    const starred = this.#state.hasLevel || !(this.#at("*") || this.#at("!", 1)) ? null : this.#state.match(STARRED_LEVEL);
    if (starred) return this.#takeLevel(starred[1] ?? starred[2]!, starred[0].length);
    const letter = this.#state.hasLevel ? null : this.#state.match(LEVEL_LETTER);
    if (!letter) return false;
    const after = this.#line.slice(this.#state.at + 1);
    if (!this.#state.hasTime && !/^,?\s*\[|^[/|]/.test(after)) return false;
    return this.#takeLevel(letter[1]!, 1);
  }

  #levelWord(word: string): boolean {
    const severity = severityOfText(word);
    if (severity === 0) return false;
    const after = this.#line.slice(this.#state.at + word.length, this.#state.at + word.length + 3);
    const capitals = word === word.toUpperCase();
    const lower = word === word.toLowerCase();
    // Java's service wrapper puts time and level in front of a line that has both.
    if (this.#state.hasLevel && capitals && this.#record.attributes.has("log.time") && this.#record.severityText !== word) {
      this.#record.set("log.level", word);
      if (severity > this.#record.severity) this.#record.setSeverity(severity, word);
      return this.#state.skip(word.length);
    }
    if (this.#state.hasLevel) return capitals && this.#record.severityText.toLowerCase() === word.toLowerCase() && this.#state.skip(word.length);
    const marked = /^\s*[:|\]]|^\s\s|^\s*\[|^\/|^,|^\t/.test(after) || after === "";
    // Go's net/http begins its messages like this.
    if (word === "http" && after.startsWith(": ") && this.#state.hasTime) return false;
    if (!this.#state.hasTime && !marked && !(capitals && after.startsWith(" "))) return false;
    // `panic: x` and `error: x` at a line's start are texts; .NET's console writes `info: Category[0]`.
    const isText = lower && !this.#state.hasTime && after.startsWith(":") && !/^: [\w.]+\[\d+\]/.test(this.#line.slice(this.#state.at + word.length));
    if (isText || (!capitals && !lower && !/^\s*[|\]]|^\t/.test(after))) {
      // "Error: boom", "Error while ...": a level, and the first word of the message. Before a name it is a level alone.
      this.#state.setLevel(severity, word);
      return /^\s\w+:\s/.test(this.#line.slice(this.#state.at + word.length, this.#state.at + word.length + 40)) && this.#state.skip(word.length);
    }
    if (lower && ((!marked && /^(?:log|fine|config|note|fail|failure|alert|http)$/.test(word)) || word === "success")) return false;
    // Python: `LEVEL:module:message`; Flask: `LEVEL in module:`.
    const module = /^(?::([A-Za-z_][\w.-]*):(?!\s)| in ([\w.]+): )/.exec(this.#line.slice(this.#state.at + word.length));
    if (module) {
      this.#record.set("logger", module[1] ?? module[2]);
      this.#state.names++;
      return this.#takeLevel(word, word.length + module[0].length, word);
    }
    return this.#takeLevel(word, word.length);
  }

  #takeLevel(word: string, length: number, text = word): boolean {
    this.#state.setLevel(severityOfMark(word), text);
    this.#state.at += length;
    const elapsed = this.#state.hasTime ? null : this.#state.match(ELAPSED);
    if (elapsed) {
      this.#record.set("log.elapsed", elapsed[1]);
      this.#state.at += elapsed[0].length;
    }
    return true;
  }

  #number(): boolean {
    const state = this.#state;
    const compact = state.hasTime ? null : state.match(BEFORE_COMPACT_TIME);
    if (compact) {
      state.setNumber(compact[1]!);
      return state.skip(compact[0].length);
    }
    const elapsed = state.at === 0 ? state.match(UPTIME_MS) : null;
    if (elapsed) {
      this.#record.set("log.elapsed", elapsed[1]);
      return state.skip(elapsed[0].length);
    }
    const found = state.hasTime || this.#record.attributes.size > 0 ? state.match(state.hasLevel ? NUMBER_AFTER_LEVEL : NUMBER) : null;
    if (!found) return false;
    state.setNumber(found[1]!);
    return state.skip(found[0].length);
  }

  /** `192.168.1.30:52234 message`: whom it is about. */
  #address(): boolean {
    const found = this.#state.hasTime ? /^(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?(?=\s|:\s)/.exec(this.#line.slice(this.#state.at, this.#state.at + 24)) : null;
    if (!found) return false;
    setAddress(this.#record, "client", found[0]);
    return this.#state.skip(found[0].length);
  }

  #ceph(): boolean {
    const state = this.#state;
    const found = state.hasTime && !state.hasLevel && state.names === 0 ? state.match(CEPH) : null;
    if (!found) return false;
    const grade = Number(found[2]);
    this.#record.setAll({ "thread.id": found[1], "log.grade": found[2] });
    state.setLevel(severityOfMark(grade < 0 ? "error" : grade < 10 ? "info" : "debug"), found[2]!);
    return state.skip(found[0].length);
  }

  /** zap's and others' console layout: a name between tabs. */
  #tabCell(): boolean {
    const state = this.#state;
    const found = state.hasTabs && state.hasTime && state.hasLevel && state.names < 2 && this.#line[state.at - 1] === "\t" ? state.match(TAB_CELL) : null;
    if (!found) return false;
    state.names++;
    this.#record.set("logger", found[1]);
    return state.skip(found[0].length);
  }

  #source(): boolean {
    const places = this.#state.hasTime ? (this.#state.hasCells ? PLACES : PLACES_AFTER_TIME) : PLACES_ANYWHERE;
    for (const [pattern, names] of places) {
      const found = this.#state.match(pattern);
      if (!found) continue;
      for (const [index, name] of names.entries()) this.#record.set(name, found[index + 1]);
      return this.#state.skip(found[0].length);
    }
    return false;
  }

  #process(): boolean {
    const graded = this.#state.hasLevel || !this.#at("L") ? null : this.#state.match(GRADED);
    if (graded) {
      this.#state.setLevel(SYSLOG_SEVERITIES[Number(graded[1])]!, graded[1]!);
      this.#record.set("thread.id", graded[2]);
      return this.#state.skip(graded[0].length);
    }
    const found = this.#state.match(PROCESS);
    if (found && severityOfText(found[1]!) === 0) {
      this.#record.setAll({ "process.executable.name": found[1], "process.pid": found[2], "thread.name": found[3] });
      return this.#state.skip(found[0].length);
    }
    const bunyan = this.#state.hasTime && this.#state.hasLevel && this.#state.names === 0 ? this.#state.match(BUNYAN) : null;
    if (!bunyan) return false;
    this.#state.names++;
    this.#record.service = bunyan[1]!;
    this.#record.host = bunyan[3]!;
    this.#record.set("process.pid", bunyan[2]);
    return this.#state.skip(bunyan[0].length);
  }

  #name(): boolean {
    if (!this.#state.hasTime && !this.#state.hasLevel) return this.#beforeTime();
    if (this.#state.hasTime && this.#state.names === 0 && (this.#pairs() || this.#instance() || this.#sidekiq())) return true;
    const erlang = this.#record.attributes.has("erlang.pid") ? this.#state.match(ERLANG_PLACE) : null;
    if (erlang) {
      this.#record.setAll({ "code.namespace": erlang[1], "code.function.name": erlang[2], "code.line.number": erlang[3] });
      return this.#state.skip(erlang[0].length);
    }
    const host = this.#state.hasTime && !this.#state.hasLevel && this.#state.names === 0 ? this.#state.match(BEFORE_PROCESS) : null;
    if (host) {
      this.#record.host = host[1]!;
      return this.#state.skip(host[0].length);
    }
    const dotted = this.#state.match(DOTTED);
    if (dotted && !(this.#state.hasTime && !this.#state.hasLevel && this.#state.match(BEFORE_LEVEL)) && this.#state.names < 2 && this.#looksLikeLogger(dotted[1]!)) {
      this.#state.names++;
      const colon = /^([\w.-]+)\.([A-Za-z]+)$/.exec(dotted[1]!);
      // Monolog: `channel.LEVEL:`
      const severity = colon && !this.#state.hasLevel && colon[2] === colon[2]!.toUpperCase() ? severityOfText(colon[2]!) : 0;
      if (colon && severity > 0) {
        this.#record.set("logger", colon[1]);
        this.#state.setLevel(severity, colon[2]!);
      } else this.#setLogger(dotted[1]!, dotted[0].length);
      return this.#state.skip(dotted[0].length);
    }
    const cell = this.#state.hasBars && this.#state.names < 3 ? this.#state.match(CELL) : null;
    if (cell) {
      this.#state.names++;
      // `jvm 1`
      const numbered = /^([A-Za-z_]\w*) (\d+)$/.exec(cell[1]!);
      this.#record.set(numbered?.[1] ?? "logger", numbered?.[2] ?? cell[1]);
      return this.#state.skip(cell[0].length);
    }
    const before = this.#state.hasTime && this.#state.hasLevel && this.#state.names === 0 ? this.#state.match(BEFORE_DOTTED) : null;
    if (before) {
      this.#record.set("tag", before[1]);
      return this.#state.skip(before[0].length);
    }
    const thread = this.#state.hasTime ? this.#state.match(this.#state.hasLevel ? BEFORE_SOURCE : BEFORE_LEVEL) : null;
    if (thread) {
      this.#record.set("thread.name", thread[1]);
      return this.#state.skip(thread[0].length);
    }
    const plain = this.#state.match(this.#state.hasLevel ? PLAIN_NAME : DAEMON);
    if (!plain || this.#state.names > 0 || !this.#state.hasTime || severityOfText(plain[1]!) > 0 || this.#record.attributes.get("logger")?.includes(".") === true) return false;
    this.#state.names++;
    this.#record.set("logger", plain[1]);
    return this.#state.skip(plain[0].length);
  }

  #pairs(): boolean {
    const found = this.#state.hasLevel ? null : this.#state.match(PAIRS_BEFORE_LEVEL);
    if (!found) return false;
    this.#state.names++;
    for (const pair of found[1]!.trim().split(/ +/)) this.#record.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    return this.#state.skip(found[0].length);
  }

  #sidekiq(): boolean {
    const found = this.#state.hasLevel || !this.#at("T") ? null : this.#state.match(SIDEKIQ);
    if (!found) return false;
    this.#state.names++;
    this.#record.setAll({ "thread.id": found[1], "sidekiq.class": found[2], "sidekiq.jid": found[3], "sidekiq.bid": found[4] });
    return this.#state.skip(found[0].length);
  }

  #instance(): boolean {
    const found = this.#state.hasLevel ? null : this.#state.match(INSTANCE);
    if (!found) return false;
    this.#state.names++;
    this.#record.setAll({ "process.executable.name": found[1], "process.instance": found[2] });
    return this.#state.skip(found[0].length);
  }

  /** `com.example.Shop.open(Shop.java:12)` is a class and its function. */
  #setLogger(name: string, length: number): void {
    const frame = /^\(([\w$]+)\.\w{2,6}:\d+\)/.exec(this.#line.slice(this.#state.at + length, this.#state.at + length + 96));
    const dot = name.lastIndexOf(".");
    if (!frame || name.slice(0, dot).split(/[.$]/).at(-1) !== frame[1]) this.#state.setLogger(name);
    else {
      this.#state.setLogger(name.slice(0, dot));
      this.#record.set("code.function.name", name.slice(dot + 1));
    }
  }

  #beforeTime(): boolean {
    const name = this.#state.match(BEFORE_TIME);
    if (!name || this.#state.names > 0 || severityOfText(name[1]!) > 0) return false;
    const at = this.#state.at + name[0].length;
    const end = this.#state.context.time.match(this.#line, at, this.#state.context.nowSeconds);
    if (end < 0 || this.#state.context.time.explicitness < 3) return false;
    this.#state.names++;
    this.#record.set("logger", name[1]);
    this.#state.at = at;
    return true;
  }

  /** A dotted word that a sentence goes on with is a host or a file of that sentence. */
  #looksLikeLogger(name: string): boolean {
    const after = this.#line.slice(this.#state.at + name.length, this.#state.at + name.length + 4);
    return /^\s*(?::\s|-\s|\||\[|\(|$)/.test(after) || (this.#state.hasLevel && this.#state.hasTime && /^\s/.test(after) && (/\.[A-Z]\w*$|::/.test(name) || name.split(".").length > 2) && !name.includes("/"));
  }
}
