/**
 * Named values in the free text of a message: `key=value`, `key: value`, `user 'x'`, `from 1.2.3.4
 * port 22`, `[id "7"]`, JSON at its end. They become attributes; the message stays whole.
 */

import { MASK_LABELS } from "../../mask/index.ts";
import { parseJsonLeaves } from "../json-leaves.ts";
import { isIpv6, plainAddress, setTarget, splitPort } from "./http.ts";
import { severityOfStatus } from "./level.ts";
import type { ParsedRecord } from "./record.ts";
import { endOfBracket, endOfQuoted } from "./tokens.ts";

const LABELS: ReadonlySet<string> = new Set(Object.values(MASK_LABELS));

/** Of one message; what comes later stays in the text alone. */
const MAX_FACTS = 48;
const MAX_VALUE = 1024;
/** Longer messages are texts of another kind (dumps, documents): only their beginning is looked at. */
const MAX_SEARCHED = 4096;

const WORD = /[A-Za-z_@][\w@.\-/]*(?:\[\])?/y;
const IPV4 = String.raw`(?:::ffff:)?(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d\.)`;
const IPV6 = String.raw`(?=[\da-fA-F:.]*:[\da-fA-F:.]*:)(?:[\da-fA-F]{1,4}:|:)(?::|[\da-fA-F]{1,4}(?::|(?![\w:])))*(?:[\da-fA-F]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?:%\w+)?`;
const ADDRESS = new RegExp(String.raw`(?:(?<v4>${IPV4})(?:[:#](?<p4>\d{1,5})(?![\w.]|:\S))?|\[(?<vb>${IPV6}|${IPV4})\](?::(?<pb>\d{1,5})(?!\d))?|(?<v6>${IPV6})(?:#(?<p6>\d{1,5})\b|(?![\w:])))`, "y");
const PORT_WORD = /,? port[ =:]{1,2}(\d{1,5})\b/iy;
const URL_TEXT = /[a-z][a-z\d+.-]{1,15}:\/\/[^\s"'<>()[\]{},]+/y;
/** Keys whose bare value may have blanks: up to the next key or the end. */
const FREE_TEXT_KEYS = new Set(["msg", "message", "reason", "error", "err"]);
const UP_TO_NEXT_PAIR = /[^\s"'=][^="']*?(?=[,;]?\s+[A-Za-z_][\w.-]*=|\s*$)/y;
const METHOD = /(GET|POST|PUT|DELETE|HEAD|OPTIONS|PATCH|CONNECT|TRACE|PROPFIND|REPORT|PURGE) +"?((?:\/|[a-z]{2,5}:\/\/)[^\s"]*)"?(?: HTTP\/([\d.]+))?"?(?:(?: (?:-?\d+ )?|: | \()([1-5]\d\d)(?=[\s)]|$))?/y;
/** RFC 3463: reply code and enhanced status. */
const SMTP_REPLY = /(?:^|[: ])([245]\d\d) ([245]\.\d{1,3}\.\d{1,3})\b/;
const TIME_UNIT = /^\d+(?:\.\d+)?(?:ns|µs|us|ms|s|sec)$/;
const VERDICTS = new Set(["DROP", "REJECT", "ACCEPT", "DENY", "BLOCK", "ALLOW"]);
const BARE_VALUE = /[^\s,;"'()[\]{}|]+/y;

/** Words whose next word names something, also without a quote or a sign between the two. */
const NOUNS = new Map<string, string>([
  ...["user", "username", "logname", "ruser"].map((word) => [word, "user.name"] as const),
  ...["session", "device", "volume", "port", "database", "table", "container", "pod", "node", "topic", "partition", "worker", "channel", "status", "pid", "uid", "jobid", "job", "len", "length", "size", "seq", "win", "line", "code", "id", "error", "sp", "ttl", "priority", "peer", "client", "proto"].map((word) => [word, word] as const),
]); // prettier-ignore
/** What stands after such a noun and is no name. */
const NOT_A_NAME = new Set("a an and are as at authentication by could credentials does failed for from had has in invalid is logged logging login name not of on or session that the to unknown was were with account password agent id error did been be not- - connected attempt".split(" "));
const CLIENT_WORDS = new Set(["from", "client", "by", "rhost", "src", "source", "peer", "remote", "remote_ip", "ip", "rip"]);
const SERVER_WORDS = new Set(["to", "->", "dst", "destination", "server", "local", "lip", "into"]);

export const readFacts = (record: ParsedRecord, message: string): void => new FactReader(record, message.length > MAX_SEARCHED ? message.slice(0, MAX_SEARCHED) : message).read();

class FactReader {
  readonly #record: ParsedRecord;
  readonly #text: string;
  #at = 0;
  #facts = 0;
  /** The last bare word and the one before it. */
  #word = "";
  #wordEnd = -1;

  constructor(record: ParsedRecord, text: string) {
    this.#record = record;
    this.#text = text;
  }

  read(): void {
    const text = this.#text;
    this.#conclusion();
    while (this.#at < text.length && this.#facts < MAX_FACTS) {
      const start = this.#at;
      const character = text[start]!;
      if (this.#startsToken(start) && (this.#address(start) || this.#url(start))) continue;
      if (character >= "A" && character <= "Z" && this.#request(start)) continue;
      if (isWordStart(character)) this.#wordOrPair(start);
      else if (character === '"' || character === "'" || character === "`") this.#quoted(start, character);
      else if (character === "{" && this.#json(start)) continue;
      else if (character === "[") this.#bracket(start);
      else if (character === "(" || character === "<") this.#enclosed(start, character);
      else if (isDigit(character)) this.#number(start);
      else this.#at = start + 1;
    }
  }

  /** What follows the last colon of a sentence says why: `login failed: no such user`. */
  #conclusion(): void {
    const reply = SMTP_REPLY.exec(this.#text);
    if (reply) {
      this.#set("smtp.status_code", reply[1]!);
      this.#set("smtp.enhanced_status_code", reply[2]!);
    }
    const colon = this.#text.lastIndexOf(": ");
    if (colon < 0) return;
    const reason = this.#text.slice(colon + 2).trim();
    if (reason.length > 0 && reason.length <= 120 && !/[={"]/.test(reason)) this.#set("reason", reason);
  }

  #startsToken(at: number): boolean {
    return at === 0 || !/[\w.]/.test(this.#text[at - 1]!);
  }

  #set(name: string, value: string): void {
    this.#facts++;
    this.#record.set(name, plainAddress(value.length > MAX_VALUE ? value.slice(0, MAX_VALUE) : value));
  }

  #match(pattern: RegExp, at: number): RegExpExecArray | null {
    pattern.lastIndex = at;
    return pattern.exec(this.#text);
  }

  #address(start: number): boolean {
    const first = this.#text.charCodeAt(start);
    const hex = (first >= 48 && first <= 58) || (first >= 65 && first <= 70) || (first >= 97 && first <= 102) || first === 91;
    const found = hex ? this.#match(ADDRESS, start)?.groups : undefined;
    if (!found) return false;
    const address = found["v4"] ?? found["vb"] ?? found["v6"]!;
    if (found["v4"] === undefined && !isIpv6(address)) return false;
    this.#at = ADDRESS.lastIndex;
    const role = this.#role();
    // Mail and file servers: `name[address]`.
    if (found["vb"] !== undefined && this.#wordEnd === start) this.#set(`${role}.name`, this.#word);
    this.#set(`${role}.address`, plainAddress(address));
    const port = found["p4"] ?? found["pb"] ?? found["p6"] ?? this.#match(PORT_WORD, this.#at)?.[1];
    if (port !== undefined) this.#set(`${role}.port`, port);
    return true;
  }

  /** By the word before, else by what has been seen: the first address is most often the client's. */
  #role(): string {
    const word = this.#word.toLowerCase();
    if (SERVER_WORDS.has(word)) return "server";
    if (CLIENT_WORDS.has(word)) return "client";
    return this.#record.attributes.has("client.address") ? "server" : "client";
  }

  #url(start: number): boolean {
    if (!/[a-z]/.test(this.#text[start]!)) return false;
    const found = this.#match(URL_TEXT, start);
    if (!found) return false;
    this.#set("url.full", found[0].replace(/[.:]+$/, ""));
    this.#at = URL_TEXT.lastIndex;
    return true;
  }

  /** `GET /path HTTP/1.1" 200`, quoted or not. */
  #request(start: number): boolean {
    const found = this.#match(METHOD, start);
    if (!found) return false;
    this.#at = METHOD.lastIndex;
    const record = this.#record;
    record.set("http.request.method", found[1]);
    setTarget(record, found[2]!);
    record.set("network.protocol.version", found[3]);
    const status = found[4];
    if (status !== undefined) {
      record.set("http.response.status_code", status);
      if (record.severity === 0) record.setSeverity(severityOfStatus(status), status);
    }
    this.#facts += 4;
    return true;
  }

  #wordOrPair(start: number): void {
    const text = this.#text;
    const word = this.#match(WORD, start)![0].replace(/[./-]+$/, "");
    const end = start + word.length;
    const sign = text[end];
    this.#at = end;
    if (sign === "=" && text[end + 1] !== "=" && text[end + 1] !== ">") this.#value(word, text[end + 1] === " " && /["']/.test(text[end + 2] ?? "") ? end + 2 : end + 1, false);
    else if (sign === ":" && text[end + 1] !== ":" && text[end + 1] !== "/" && text[end + 1] !== "\\") this.#colon(word, end + 1);
    else this.#noun(word, end);
    this.#word = word;
    this.#wordEnd = this.#at;
  }

  /** `key: value` and `key:value`; a sentence after a colon is a value up to its end. */
  #colon(word: string, at: number): void {
    const text = this.#text;
    if (at >= text.length) return;
    if (text[at] !== " ") {
      if (!/^\d+$/.test(word)) this.#value(word, at, false);
      return;
    }
    this.#value(word, skipBlanks(text, at, 2), true);
  }

  #value(key: string, at: number, sentence: boolean): void {
    const text = this.#text;
    const name = nameOf(key);
    const first = text[at];
    if (first === undefined || first === " " || first === "," || first === ";" || first === ")" || first === "]") {
      if (!sentence) this.#set(name, "");
      this.#at = Math.max(this.#at, at - (first === " " ? 1 : 0));
      return;
    }
    if (first === '"' || first === "'" || first === "`") {
      const close = endOfQuoted(text, at + 1, first);
      if (close >= 0) {
        this.#set(name, unescape(text.slice(at + 1, close)));
        // Quoted text may hold more, but its own pairs are its own.
        this.#at = close + 1;
        return;
      }
    }
    if (first === "<" || first === "[" || first === "(" || first === "{") {
      const close = endOfBracket(text, at + 1, first, first === "<" ? ">" : first === "[" ? "]" : first === "(" ? ")" : "}");
      if (close >= 0) {
        const inner = text.slice(at + 1, close);
        const after = /^:(\d{1,5})\b/.exec(text.slice(close + 1, close + 8));
        if (first === "[" && after && this.#addressAt(at) !== undefined) {
          this.#set(name, inner);
          this.#set(`${name}.port`, after[1]!);
          this.#at = close + 1 + after[0].length;
          return;
        }
        // Labels that masking left are kept as they are.
        this.#set(name, first === "{" || LABELS.has(text.slice(at, close + 1)) ? text.slice(at, close + 1) : inner);
        this.#at = first === "{" || first === "(" || /[=:]/.test(inner) ? at + 1 : close + 1;
        return;
      }
    }
    this.#word = key;
    const raw = this.#addressAt(at);
    if (raw !== undefined) {
      const { address, port } = splitPort(raw.replace("#", ":"));
      this.#set(name, plainAddress(address));
      if (port !== undefined) this.#set(`${name}.port`, port);
      this.#at = at + raw.length;
      return;
    }
    if (sentence) {
      const end = endOfSentence(text, at);
      this.#set(name, text.slice(at, end));
      // The sentence is looked at, too: what it names is worth more than the sentence.
      this.#at = at;
      return;
    }
    const long = FREE_TEXT_KEYS.has(key.toLowerCase()) ? this.#match(UP_TO_NEXT_PAIR, at) : null;
    const bare = long ?? this.#match(BARE_VALUE, at);
    if (!bare) return;
    const value = long ? bare[0] : bare[0].replace(/[.:]+$/, "");
    this.#set(name, value);
    this.#at = at + Math.max(value.length, 1);
  }

  /** The address, with its port, that stands at `at`. */
  #addressAt(at: number): string | undefined {
    const found = this.#match(ADDRESS, at)?.groups;
    if (!found || (found["v4"] === undefined && !isIpv6(found["vb"] ?? found["v6"]!))) return undefined;
    return this.#text.slice(at, ADDRESS.lastIndex);
  }

  /** `user x`, `user 'x'`, `port 22`. A quoted text after any word has that word as its name. */
  #noun(word: string, end: number): void {
    const text = this.#text;
    if (text[end] !== " ") return;
    const at = skipBlanks(text, end, 2);
    const first = text[at];
    if (first === '"' || first === "'" || first === "`") return;
    if (VERDICTS.has(word)) this.#set("action", word);
    if (this.#addressAt(at) !== undefined) return;
    const name = NOUNS.get(word.toLowerCase()) ?? (word === "for" ? this.#whom(at) : undefined);
    if (name === undefined || first === undefined) return;
    const bare = this.#match(BARE_VALUE, at);
    if (!bare || bare[0].endsWith(":=") || NOT_A_NAME.has(bare[0].toLowerCase()) || /^[A-Za-z_][\w.-]*=/.test(bare[0])) return;
    const value = bare[0].replace(/[.:]+$/, "");
    if (value === "" || NOT_A_NAME.has(value.toLowerCase()) || (name !== "user.name" && name !== "proto" && !/\d/.test(value))) return;
    this.#set(name, value);
    this.#at = at + value.length;
  }

  /** `attempt for alice from 1.2.3.4`: what an action was tried for is a user. */
  #whom(at: number): string | undefined {
    return /^[\w.@+-]+ (?:from\b|has been\b|failed\b|\(|via\b)/.test(this.#text.slice(at, at + 80)) && !this.#addressAt(at) ? "user.name" : undefined;
  }

  #quoted(start: number, quote: string): void {
    const text = this.#text;
    // An apostrophe inside of a word opens nothing.
    if (quote !== '"' && start > 0 && /\w/.test(text[start - 1]!)) {
      this.#at = start + 1;
      return;
    }
    const close = endOfQuoted(text, start + 1, quote);
    if (close < 0 || close === start + 1) {
      this.#at = start + (close < 0 ? 1 : 2);
      return;
    }
    const value = text.slice(start + 1, close);
    const direct = this.#wordEnd >= 0 && start - this.#wordEnd <= 2 && this.#word !== "";
    const address = direct ? undefined : this.#addressAt(start + 1);
    if (address === value) {
      this.#address(start + 1);
      this.#at = close + 1;
      return;
    }
    if (quote === '"' && this.#request(start + 1)) return;
    const name = direct ? nameOf(this.#word) : "quoted";
    this.#set(name, unescape(value));
    // What is quoted without a name may be a sentence with names in it.
    this.#at = direct || !/\s/.test(value) ? close + 1 : start + 1;
    if (direct) this.#word = "";
  }

  /** `[id "7"]`, `[client 1.2.3.4]`, `[value]`. */
  #bracket(start: number): void {
    const text = this.#text;
    this.#at = start + 1;
    const close = endOfBracket(text, start + 1, "[", "]");
    if (close < 0) return;
    const inner = text.slice(start + 1, close);
    const pair = /^([A-Za-z_][\w-]*) (?:"(.*)"|([^\s"=]+))$/s.exec(inner);
    if (pair) {
      const value = pair[2] ?? pair[3]!;
      const { address, port } = splitPort(value);
      this.#set(nameOf(pair[1]!), port !== undefined && /^[\d.:a-fA-F]+$/.test(address) ? address : unescape(value));
      if (port !== undefined && /^[\d.:a-fA-F]+$/.test(address)) this.#set(`${nameOf(pair[1]!)}.port`, port);
      this.#at = close + 1;
    } else if (inner !== "" && !/[=:"']/.test(inner)) {
      const direct = this.#wordEnd >= 0 && start - this.#wordEnd <= 1;
      this.#set(direct && this.#word !== "" ? nameOf(this.#word) : "tag", inner);
      if (!/\d/.test(inner)) this.#at = close + 1;
    }
  }

  #enclosed(start: number, open: string): void {
    const text = this.#text;
    this.#at = start + 1;
    const close = endOfBracket(text, start + 1, open, open === "(" ? ")" : ">");
    if (close < 0 || close === start + 1) return;
    const inner = text.slice(start + 1, close);
    if (open === "<") {
      if (!/\s/.test(inner)) this.#set(this.#word === "" ? "tag" : nameOf(this.#word), inner);
      return;
    }
    if (/[=:]/.test(inner) || /^\d+$/.test(inner) || this.#addressAt(start + 1) === inner) return;
    if (/^[^\s,]+(?:,[^\s,]+)+$/.test(inner)) for (const part of inner.split(",")) this.#set("detail", part.replace(/^<|>$/g, ""));
    else this.#set("detail", inner);
  }

  /** A number with a unit right behind it, such as `180ms`; others are only a part of the text. */
  #number(start: number): void {
    let end = start;
    while (end < this.#text.length && /[\w.:µ-]/.test(this.#text[end]!)) end++;
    const token = this.#text.slice(start, end);
    if (TIME_UNIT.test(token)) this.#set("duration", token);
    this.#at = Math.max(end, start + 1);
  }

  #json(start: number): boolean {
    const text = this.#text;
    if (text[start + 1] !== '"' && text[start + 1] !== " ") return false;
    const close = endOfBracket(text, start + 1, "{", "}");
    const leaves = close < 0 ? undefined : parseJsonLeaves(text.slice(start, close + 1));
    if (!leaves) return false;
    for (const { path, text: value } of leaves) this.#set(path, plainAddress(value));
    this.#at = close + 1;
    return true;
  }
}

const isDigit = (character: string): boolean => character >= "0" && character <= "9";
const isWordStart = (character: string): boolean => (character >= "a" && character <= "z") || (character >= "A" && character <= "Z") || character === "_";

const skipBlanks = (text: string, from: number, most: number): number => {
  let at = from;
  while (at < from + most && text[at] === " ") at++;
  return at;
};

/** End of a phrase after `key: `: before a comma, a semicolon, a closing mark or a full stop. */
const endOfSentence = (text: string, from: number): number => {
  let at = from;
  for (; at < text.length; at++) {
    const character = text[at]!;
    if (character === "," || character === ";" || character === ")" || character === "]" || character === "|") break;
    if (character === "." && (at + 1 === text.length || text[at + 1] === " ")) break;
  }
  return text.slice(from, at).trimEnd().length + from;
};

const unescape = (text: string): string => (text.includes("\\") ? text.replace(/\\(["'\\])/g, "$1") : text);

/** As written, but the usual words for one thing under one name. */
const nameOf = (key: string): string => NAMES.get(key.toLowerCase()) ?? key.replace(/^@/, "");

const NAMES = new Map<string, string>([
  ...["user", "username", "user_name", "login", "account", "suser", "logname"].map((word) => [word, "user.name"] as const),
  ...["rhost", "client_ip", "clientip", "remote_addr", "remote_ip", "source_ip", "src_ip", "src", "client", "rip"].map((word) => [word, "client.address"] as const),
  ...["dst", "dst_ip", "dest_ip", "lip"].map((word) => [word, "server.address"] as const),
  ...["spt", "src_port", "source_port", "sport"].map((word) => [word, "client.port"] as const),
  ...["dpt", "dst_port", "dest_port", "dport"].map((word) => [word, "server.port"] as const),
  ...["user_agent", "useragent"].map((word) => [word, "user_agent.original"] as const),
]);
