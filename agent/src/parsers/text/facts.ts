/**
 * Named values in the free text of a message: `key=value`, `key: value`, `user 'x'`, `from 1.2.3.4
 * port 22`, `[id "7"]`, JSON at its end. They become attributes; the message stays whole.
 */

import { parseJsonLeaves } from "../json-leaves.ts";
import { addressAt, mayBeAddress, startsToken } from "./address-at.ts";
import { portOf, isWordCode, isWordEndSign, isNumberCode, isDigit, isWordStart, skipBlanks, endOfSentence, unescape } from "./characters.ts";
import {
  ABOUT_ACCESS, ADDRESS, ADDRESS_LIST, BARE_VALUE, BEFORE_REQUEST, CLIENT_WORDS, FILE_ENDING, FREE_TEXT_KEYS, GROUPED_NUMBER, HARDWARE, HOST, HOST_NAME, KINDS, LABELS, MAX_FACTS, MAX_SEARCHED, MAX_VALUE, METHOD, NOT_A_NAME, NUMBER_OF, PAIR_START, PORT, PORT_WORD, PREPOSITIONS, SERVER_WORDS, SLASHED_ADDRESS, SPACED_UNIT, TIME_UNIT, UNIT_NAMES, UNIT_STARTS, UP_TO_NEXT_PAIR, URL_TEXT, VERDICTS, isAgent, nameOf,
} from "./fact-words.ts"; // prettier-ignore
import { conclusionOf } from "./conclusion.ts";
import { isAddress, plainAddress, setTarget, splitPort } from "./http.ts";
import { severityOfStatus } from "./level.ts";
import type { ParsedRecord } from "./record.ts";
import { endOfBracket, endOfQuoted } from "./tokens.ts";

export const readFacts = (record: ParsedRecord, message: string): void => new FactReader(record, message.length > MAX_SEARCHED ? message.slice(0, MAX_SEARCHED) : message).read();

class FactReader {
  readonly #record: ParsedRecord;
  readonly #text: string;
  readonly #hasUrl: boolean;
  /** Of a request's target. */
  readonly #hasPath: boolean;
  #at = 0;
  #facts = 0;
  /** The last bare word and the one before it. */
  #word = "";
  #wordEnd = -1;
  /** Where a quoted sentence ends that is being read. */
  #closing = -1;

  constructor(record: ParsedRecord, text: string) {
    this.#record = record;
    this.#text = text;
    this.#hasUrl = text.includes("://");
    this.#hasPath = this.#hasUrl || text.includes("/");
  }

  read(): void {
    const text = this.#text;
    this.#conclusion();
    while (this.#at < text.length && this.#facts < MAX_FACTS) {
      const start = this.#at;
      const character = text[start]!;
      if (startsToken(text, start) && (this.#address(start) || (this.#hasUrl && this.#url(start)))) continue;
      if (this.#hasPath && character >= "A" && character <= "Z" && this.#request(start)) continue;
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
    const { outcome, reply, reason } = conclusionOf(this.#text);
    if (outcome !== undefined) this.#set("auth.result", outcome);
    if (reply) {
      this.#set("smtp.status_code", reply[1]!);
      this.#set("smtp.enhanced_status_code", reply[2]!);
    }
    if (reason !== undefined) this.#set("reason", reason);
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
    if (!hex || (first !== 91 && !mayBeAddress(this.#text, start))) return false;
    const found = this.#match(ADDRESS, start)?.groups;
    if (!found) return this.#hardware(start);
    const address = found["v4"] ?? found["vb"] ?? found["v6"]!;
    if (found["v4"] === undefined && !isAddress(address)) return this.#hardware(start);
    this.#at = ADDRESS.lastIndex;
    const role = this.#role();
    // Mail and file servers: `name[address]`.
    if (found["vb"] !== undefined && this.#wordEnd === start) this.#set(`${role}.name`, this.#word);
    this.#set(`${role}.address`, plainAddress(address));
    const port = found["p4"] ?? found["pc"] ?? found["pd"] ?? found["pb"] ?? found["p6"] ?? this.#match(PORT_WORD, this.#at)?.[1];
    if (port !== undefined) this.#set(`${role}.port`, port);
    return true;
  }

  #hardware(start: number): boolean {
    const found = this.#match(HARDWARE, start);
    if (!found) return false;
    this.#set(SERVER_WORDS.has(this.#word.toLowerCase()) ? "server.mac" : "client.mac", found[0]);
    this.#at = HARDWARE.lastIndex;
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
    let end = start + 1;
    while (end < text.length && isWordCode(text.charCodeAt(end))) end++;
    if (text[end] === "[" && text[end + 1] === "]") end += 2;
    while (isWordEndSign(text.charCodeAt(end - 1)) && end > start + 1) end--;
    const word = text.slice(start, end);
    const sign = text[end];
    this.#at = end;
    // OpenVPN's `name/192.0.2.1:1194`.
    const slash = word.indexOf("/");
    if (slash > 0 && addressAt(this.#text, start + slash + 1)?.startsWith(word.slice(slash + 1)) === true) {
      this.#set("client.name", word.slice(0, slash));
      this.#address(start + slash + 1);
      return;
    }
    if (sign === "=" && text[end + 1] !== "=" && text[end + 1] !== ">") this.#value(word, text[end + 1] === " " && /["']/.test(text[end + 2] ?? "") ? end + 2 : end + 1, false);
    else if (sign === " " && text[end + 1] === "=" && text[end + 2] === " ") this.#value(word, end + 3, false);
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
      const port = HOST.test(word) && !FILE_ENDING.test(word) ? this.#match(PORT, at)?.[0] : undefined;
      if (port === undefined) {
        if (!/^\d+$/.test(word)) this.#value(word, at, false);
        return;
      }
      this.#set("server.name", word);
      this.#set("server.port", port);
      this.#at = at + port.length;
      return;
    }
    const value = skipBlanks(text, at, 2);
    // `elected: leader=a`: a sentence and the next pair.
    if (!this.#match(PAIR_START, value)) this.#value(word, value, true);
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
        this.#quotedValue(name, unescape(text.slice(at + 1, close)));
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
        if (first === "[" && after && addressAt(this.#text, at) !== undefined) {
          this.#set(name, inner);
          this.#set(portOf(name), after[1]!);
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
    const raw = addressAt(this.#text, at);
    if (raw !== undefined) {
      const { address, port } = splitPort(raw.replace("#", ":"));
      this.#set(name, plainAddress(address));
      if (port !== undefined) this.#set(portOf(name), port);
      this.#at = at + raw.length;
      return;
    }
    if (sentence) {
      const end = endOfSentence(text, at);
      const sentenceText = text.slice(at, end);
      this.#set(name, NUMBER_OF.exec(sentenceText)?.[1] ?? sentenceText);
      // The sentence is looked at, too: what it names is worth more than the sentence.
      this.#at = at;
      return;
    }
    const long = FREE_TEXT_KEYS.has(key.toLowerCase()) ? this.#match(UP_TO_NEXT_PAIR, at) : null;
    const bare = long ?? this.#match(GROUPED_NUMBER, at) ?? this.#match(BARE_VALUE, at);
    if (!bare) return;
    const value = long ? bare[0] : bare[0].replace(/[.:]+$/, "");
    this.#set(name, value);
    this.#at = at + Math.max(value.length, 1);
  }

  #quotedValue(name: string, value: string): void {
    if (value.includes(", ") && ADDRESS_LIST.test(value)) {
      // What proxies passed on: the first is the client.
      this.#set(name, value);
      for (const address of value.split(/, */)) this.#set("client.address", address);
      return;
    }
    const slashed = value.charCodeAt(0) === 73 ? SLASHED_ADDRESS.exec(value) : null;
    if (!slashed) {
      this.#set(name, value);
      return;
    }
    const [, transport, address, port] = slashed;
    this.#set("network.transport", transport!);
    this.#set(`${name}.address`, address!);
    this.#set(portOf(name), port!);
  }

  /** `user x`, `user 'x'`, `port 22`. A quoted text after any word has that word as its name. */
  #noun(word: string, end: number): void {
    const text = this.#text;
    if (text[end] !== " ") return;
    const at = skipBlanks(text, end, 2);
    const first = text[at];
    if (first === '"' || first === "'" || first === "`") return;
    if (VERDICTS.has(word)) this.#set("action", word);
    const lower = word.toLowerCase();
    const kind = KINDS.get(lower);
    if (kind === undefined || addressAt(this.#text, at) !== undefined) return;
    if ((CLIENT_WORDS.has(lower) || SERVER_WORDS.has(lower)) && this.#host(lower, at)) return;
    const name = kind !== "" ? kind : lower === "for" || lower === "as" ? this.#whom(at) : undefined;
    if (name === undefined || first === undefined) return;
    const bare = this.#match(BARE_VALUE, at);
    if (!bare || bare[0].endsWith(":=") || NOT_A_NAME.has(bare[0].toLowerCase()) || /^[A-Za-z_][\w.-]*=/.test(bare[0])) return;
    const value = bare[0].replace(/[.:]+$/, "");
    if (value === "" || NOT_A_NAME.has(value.toLowerCase()) || (name !== "user.name" && name !== "proto" && !/\d|\w[-.]\w/.test(value))) return;
    this.#set(name, value);
    this.#at = at + value.length;
  }

  /** `attempt for alice from 1.2.3.4`: what an action was tried for is a user. */
  #whom(at: number): string | undefined {
    if (!/^[\w.@+\\-]+(?: (?:from\b|has been\b|failed\b|\(|via\b)|[,;:]?$|[,;] )/.test(this.#text.slice(at, at + 80))) return undefined;
    return ABOUT_ACCESS.test(this.#text.slice(0, at)) && !addressAt(this.#text, at) ? "user.name" : undefined;
  }

  /** `from localhost (127.0.0.1)`, `to mail.example.org`: a name where an address may be. */
  #host(word: string, at: number): boolean {
    const text = this.#text;
    let end = at;
    let dots = 0;
    while (end < text.length && isWordCode(text.charCodeAt(end))) if (text[end++] === ".") dots++;
    const bracket = text[end] === " " ? text[end + 1] : undefined;
    const isNamed = end > at && ((bracket === "(" && addressAt(this.#text, end + 2) !== undefined) || (bracket === "[" && addressAt(this.#text, end + 1) !== undefined));
    if (!isNamed && dots === 0) return false;
    const name = isNamed ? text.slice(at, end) : this.#match(HOST_NAME, at)?.[0];
    if (name === undefined || FILE_ENDING.test(name)) return false;
    this.#set(SERVER_WORDS.has(word) ? "server.name" : "client.name", name);
    this.#at = at + name.length;
    return true;
  }

  #quoted(start: number, quote: string): void {
    const text = this.#text;
    // An apostrophe inside of a word opens nothing.
    if (quote !== '"' && start > 0 && /\w/.test(text[start - 1]!)) {
      this.#at = start + 1;
      return;
    }
    // The end of a sentence whose inside has been looked at.
    if (start === this.#closing) {
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
    const preposition = direct && PREPOSITIONS.has(this.#word.toLowerCase());
    if ((!direct || preposition) && addressAt(this.#text, start + 1) === value) {
      this.#address(start + 1);
      this.#at = close + 1;
      return;
    }
    if (quote === '"' && this.#request(start + 1)) {
      // What is left of `address - user "GET ..."`.
      const user = BEFORE_REQUEST.exec(text.slice(0, start))?.[1];
      if (user !== undefined) this.#set("user.name", user);
      return;
    }
    const user = preposition && /^(?:for|as)$/i.test(this.#word) && !/\s/.test(value) && ABOUT_ACCESS.test(text);
    const name = user ? "user.name" : direct && !preposition ? nameOf(this.#word) : "quoted";
    this.#quotedValue(name, unescape(value));
    // What is quoted may be a sentence with names in it.
    const sentence = direct ? /\s.*\s/.test(value) : /\s/.test(value);
    this.#at = sentence ? start + 1 : close + 1;
    if (sentence) this.#closing = close;
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
    } else if (isAgent(inner)) {
      this.#set("user_agent.original", inner);
      this.#at = close + 1;
    } else if (inner !== "" && !/[=:"']/.test(inner)) {
      const direct = this.#wordEnd >= 0 && start - this.#wordEnd <= 1;
      this.#set(direct && this.#word !== "" ? nameOf(this.#word) : "tag", inner);
      if (!/\d|\s\S+\s/.test(inner)) this.#at = close + 1;
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
    if (isAgent(inner)) {
      this.#set("user_agent.original", inner);
      this.#at = close + 1;
      return;
    }
    if (/[=:]/.test(inner) || /^\d+$/.test(inner) || addressAt(this.#text, start + 1) === inner) return;
    if (/^[^\s,]+(?:,[^\s,]+)+$/.test(inner)) for (const part of inner.split(",")) this.#set("detail", part.replace(/^<|>$/g, ""));
    else this.#set("detail", inner);
  }

  /** A number with a unit right behind it, such as `180ms`; others are only a part of the text. */
  #number(start: number): void {
    let end = start;
    while (end < this.#text.length && isNumberCode(this.#text.charCodeAt(end))) end++;
    const token = this.#text.slice(start, end);
    if (isDigit(token.at(-1)!)) {
      const unit = this.#text[end] === " " && UNIT_STARTS.has(this.#text[end + 1] ?? "") && /^\d+(?:\.\d+)?$/.test(token) ? this.#match(SPACED_UNIT, end) : null;
      if (unit) {
        this.#set(UNIT_NAMES.get(unit[1]!)!, token);
        end = SPACED_UNIT.lastIndex;
      }
    } else if (TIME_UNIT.test(token)) this.#set("duration", token);
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
