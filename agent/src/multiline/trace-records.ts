/**
 * Records recognised by what their lines look like: stack traces as the languages' own runtimes print
 * them, and lines that are indented below another.
 *
 * A line is judged by its first byte; only the few that a continuation can begin with are looked at
 * further, and what kind of line the record began with is found out only when a line below it asks.
 * Lines that may be part of a message of several lines (`PERHAPS`) belong to the record only if a
 * frame follows; otherwise the record ends before them.
 */

import type { MultilineSettings } from "./settings.ts";
import {
  afterIndent, ascii, CARRIAGE_RETURN, EQUALS, SLASH, isGoFunction, isGoPlace, isJavaUtilHead, isLevelLine, CLOSING_BRACE, CLOSING_BRACKET, CLOSING_PARENTHESIS, contains, endsWith, isCaretLine, isDigit, isExceptionHeader, isFrame,
  isGoFrame, isGoroutine, isLogStart, isNumberedFrame, isPlainLogStart, isPythonException, isRailsHeader, isRegister, isRubyFrame, isSourcePlace, isWordyLogStart, mentionsTrouble, NEWLINE,
  OPENING_BRACE, OPENING_BRACKET, OPENING_PARENTHESIS, SPACE, startsWith, TAB,
} from "./line-shapes.ts";
import { WAIT, type RecordFinder, type Wait } from "./record-finder.ts";

/** What a record began with, or has become. */
const KIND = {
  UNKNOWN: 0,
  TEXT: 1,
  /** A line that speaks of trouble: a trace below it, even one that is not indented, is its own. */
  TROUBLE: 2,
  /** `pkg.Exception: message`: frames follow, and before them perhaps more of the message. */
  EXCEPTION: 3,
  /** Below `Stack trace:`; numbered frames. */
  NUMBERED: 4,
  PYTHON: 5,
  /** The exception below a Python traceback has been seen; another traceback may be chained to it. */
  PYTHON_ENDED: 6,
  PYTHON_CHAINED: 7,
  GO: 8,
  GO_FRAMES: 9,
  RUST: 10,
  DART: 11,
  /** `/app/index.js:3`, and below it the source line. */
  SOURCE: 12,
  /** Frames without what they belong to. */
  FRAMES: 13,
  /** java.util.logging's first line, below which the level and the message stand. */
  JAVA_UTIL: 14,
  /** `=ERROR REPORT==== time ===` of Erlang: everything up to a blank line. */
  REPORT: 15,
  /** MySQL's slow query log: head lines, and the statement below them. */
  SLOW_QUERY: 16,
} as const;
type Kind = (typeof KIND)[keyof typeof KIND];

const VERDICT = { STOP: 0, PERHAPS: 1, CONTINUES: 2 } as const;
type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

/** Lines of a message that stand between a header and its frames. */
const MAX_PERHAPS = 16;

const TRACEBACK = ascii("Traceback (most recent call last):");
const TRACEBACK_END = ascii("call last):");
const GROUP_TRACEBACK = ascii("+ Exception Group Traceback");
const CHAINS = ["During handling of the above exception, another exception occurred:", "The above exception was the direct cause of the following exception:"].map(ascii);
const NESTED = ascii("nested exception is:");
const PANICKED = ascii(" panicked at ");
const RUST_HEAD = ascii("thread '");
const GO_HEADS = ["panic: ", "fatal error: ", "runtime: ", "unexpected fault address ", "SIGQUIT: ", "SIGABRT: ", "SIGSEGV: "].map(ascii);
const DART_HEAD = ascii("Unhandled exception:");
const EXCEPTION_HEADS = ["Exception in thread ", "Unhandled exception", "Unhandled Exception", "Uncaught ", "PHP ", "exception '", "Fatal error: Uncaught"].map(ascii);
/** Below any line; each begins a trace, or another part of one. */
const EXCEPTION_PARTS = ["Caused by:", "Suppressed:", "Wrapped by:", "Next Exception:", "--- End of ", "[CIRCULAR REFERENCE:", "[previous exception]", "** (", "stack traceback:", "CallStack (from HasCallStack):"].map(ascii);
const NUMBERED_PARTS = ["Stack trace:", "PHP Stack trace:", "[stacktrace]"].map(ascii);
/** PHP: `Next App\\CartException: message`, behind a blank line. */
const NEXT = ascii("Next ");
/** Elixir's and Lua's, below the frames or above them. */
const EXCEPTION_DETAILS = ["Last message", "State: ", "Function: ", "coroutine "].map(ascii);
const NODE_HEAD = ascii("(node:");
const NODE_HINT = ascii("(Use `node --trace");
/** `PHP   1. {main}() /srv/index.php:0` */
const PHP_FRAME = ascii("PHP   ");
const RUST_PARTS = ["note: ", "stack backtrace:", "Stack backtrace:", "Location:", "Backtrace omitted"].map(ascii);
const GO_PARTS = ["[signal ", "created by ", "exit status ", "...", "PC="].map(ascii);
const [AT, MORE, NODE_VERSION, SUSPENSION, CLOSING_TAG, PHP_CLOSING, ESCAPED_END] = ["at ", "... ", "Node.js v", "<asynchronous suspension>", "</", '"}', " \\"].map(ascii) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];

const REPORT_HEAD = ascii(" REPORT====");
const [SLOW_TIME, SLOW_USER] = ["# Time: ", "# User@Host: "].map(ascii) as [Uint8Array, Uint8Array];

const PART_INITIALS = Array.from({ length: 256 }, (_, byte) => [...EXCEPTION_PARTS, ...NUMBERED_PARTS, ...RUST_PARTS, ...GO_PARTS, ...EXCEPTION_DETAILS, NEXT].some(([initial]) => initial === byte));

const KINDS_WITH_BLANKS = new Set<Kind>([KIND.TROUBLE, KIND.EXCEPTION, KIND.NUMBERED, KIND.PYTHON_ENDED, KIND.PYTHON_CHAINED, KIND.GO, KIND.GO_FRAMES, KIND.RUST, KIND.DART, KIND.SOURCE]);
/** More is to come of these even if the head is all that is there. */
const KINDS_TO_LINGER_FOR = new Set<Kind>([KIND.EXCEPTION, KIND.PYTHON, KIND.GO, KIND.GO_FRAMES, KIND.RUST, KIND.DART, KIND.SOURCE, KIND.FRAMES, KIND.JAVA_UTIL, KIND.REPORT, KIND.SLOW_QUERY]);

export class TraceRecords implements RecordFinder {
  lines = 1;
  wait: Wait = WAIT.NOT;
  readonly joinsJson = false;
  readonly endsBeforeDigit = true;
  readonly #maxLines: number;
  readonly #maxBytes: number;

  #bytes: Uint8Array = new Uint8Array();
  #headFrom = 0;
  #headTo = 0;
  #headIndent = 0;
  #kind: Kind = KIND.UNKNOWN;
  /** Indented lines, or frames, since the last header. */
  #hasFrames = false;
  /** The last lines, not yet known to belong to the record: how many, whether blank ones and others. */
  #perhaps = 0;
  #afterBlank = false;
  #afterText = false;
  /** End of the line before the one that is judged. */
  #lastTo = 0;
  /** A bracket was opened at the end of a line. */
  #isOpen = false;

  constructor({ maxLines, maxBytes }: MultilineSettings) {
    this.#maxLines = maxLines;
    this.#maxBytes = maxBytes;
  }

  get isTrace(): boolean {
    return this.#kind > KIND.TROUBLE && this.#kind < KIND.JAVA_UTIL && this.lines > 1;
  }

  find(bytes: Uint8Array, from: number, newline: number, limit: number): number {
    let end = newline + 1;
    this.lines = 1;
    this.wait = WAIT.NOT;
    this.#kind = KIND.UNKNOWN;
    // The most frequent case first: what follows begins like a log line.
    if (end < limit && isPlainLogStart(bytes, end)) return end;
    this.#begin(bytes, from, withoutReturn(bytes, newline));
    // A complete JSON object; one over several lines has a bracket at the end of its first.
    if (bytes[from] === OPENING_BRACE && !this.#isOpen) return end;
    let at = end;
    while (at < limit) {
      if (isPlainLogStart(bytes, at) && !(bytes[at] === OPENING_BRACE && bytes[from] === EQUALS && this.#kindNow() === KIND.REPORT)) return end;
      const next = bytes.indexOf(NEWLINE, at) + 1;
      if (next - from > this.#maxBytes || this.lines + this.#perhaps >= this.#maxLines) return end;
      const to = withoutReturn(bytes, next - 1);
      const verdict = this.#judge(at, to);
      if (verdict === VERDICT.STOP) return end;
      if (verdict === VERDICT.PERHAPS) {
        if (++this.#perhaps > MAX_PERHAPS) return end;
      } else {
        this.lines += this.#perhaps + 1;
        this.#perhaps = 0;
        this.#afterBlank = this.#afterText = false;
        end = next;
      }
      this.#lastTo = to;
      at = next;
    }
    this.wait = this.lines > 1 || KINDS_TO_LINGER_FOR.has(this.#kindNow()) ? WAIT.LINGER : WAIT.BRIEFLY;
    return end;
  }

  #begin(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes;
    this.#headFrom = afterIndent(bytes, from, to);
    this.#headTo = this.#lastTo = to;
    this.#headIndent = this.#headFrom - from;
    this.#hasFrames = this.#afterBlank = this.#afterText = false;
    this.#perhaps = 0;
    this.#isOpen = opensBracket(bytes[to - 1]!);
  }

  #judge(from: number, to: number): Verdict {
    const first = this.#bytes[from]!;
    const isIndented = first === SPACE || first === TAB;
    const text = isIndented || first === CARRIAGE_RETURN ? afterIndent(this.#bytes, from, to) : from;
    if (text === to) {
      if (!KINDS_WITH_BLANKS.has(this.#kindNow()) && !this.#isTrouble()) return VERDICT.STOP;
      this.#afterBlank = true;
      return VERDICT.PERHAPS;
    }
    return isIndented ? this.#judgeIndented(text, text - from, to) : this.#judgeText(from, to);
  }

  #judgeIndented(text: number, indent: number, to: number): Verdict {
    const bytes = this.#bytes;
    const isTraceLine = isFrame(bytes, text, to) || isRubyFrame(bytes, text, to) || (this.#afterText && isGoPlace(bytes, text, to));
    // Where lines are indented anyway, only those that are indented further belong to the one above.
    if (indent <= this.#headIndent && !isTraceLine && this.#kindNow() !== KIND.FRAMES && !this.#isGroup()) return VERDICT.STOP;
    if (isRailsHeader(bytes, text, to) && !this.#isTrouble()) return VERDICT.STOP;
    if (indent === 1 && isWordyLogStart(bytes, text, to)) return VERDICT.STOP;
    if (this.#afterBlank && !isTraceLine && !this.#mayGoOnAfterBlank()) return VERDICT.STOP;
    if (this.#afterText && !isTraceLine && !isCaretLine(bytes, text, to)) return VERDICT.PERHAPS;
    return this.#takeFrame(to);
  }

  #mayGoOnAfterBlank(): boolean {
    const kind = this.#kindNow();
    return kind === KIND.GO_FRAMES || kind === KIND.DART || kind === KIND.RUST || (kind === KIND.EXCEPTION && !this.#hasFrames);
  }

  /** An exception group's lines begin with a bar under its head, as deep as it. */
  #isGroup(): boolean {
    return this.#kind === KIND.PYTHON && this.#headIndent > 0;
  }

  #takeFrame(to: number): Verdict {
    this.#hasFrames = true;
    if (opensBracket(this.#bytes[to - 1]!)) this.#isOpen = true;
    return VERDICT.CONTINUES;
  }

  #become(kind: Kind, to: number): Verdict {
    this.#kind = kind;
    this.#hasFrames = false;
    this.#isOpen = opensBracket(this.#bytes[to - 1]!);
    return VERDICT.CONTINUES;
  }

  #judgeText(from: number, to: number): Verdict {
    const bytes = this.#bytes;
    if (this.#kindNow() === KIND.SLOW_QUERY) return this.#judgeSlowQuery(from, to);
    const special = this.#judgeMarker(from, to);
    if (special !== VERDICT.STOP) return special;
    if (isRubyFrame(bytes, from, to) && !isLogStart(bytes, from, to)) return this.#takeFrame(to);
    if (endsWith(bytes, this.#headFrom, this.#lastTo, ESCAPED_END)) return VERDICT.CONTINUES;
    const kind = this.#kindNow();
    switch (kind) {
      case KIND.GO:
      case KIND.DART:
      case KIND.SOURCE:
        return this.#maybeMessage();
      case KIND.GO_FRAMES:
        return isGoFrame(bytes, from, to) || isRegister(bytes, from, to) || GO_HEADS.some((head) => startsWith(bytes, from, to, head)) ? this.#takeFrame(to) : VERDICT.STOP;
      case KIND.RUST:
        // The message stands on the line below `panicked at src/main.rs:4:5:`.
        return this.lines === 1 && this.#perhaps === 0 && bytes[this.#headTo - 1] === 58 ? VERDICT.CONTINUES : this.#hasFrames ? VERDICT.STOP : this.#maybeMessage();
      case KIND.PYTHON:
        return this.#hasFrames && !this.#afterBlank && isPythonException(bytes, from, to) ? this.#become(KIND.PYTHON_ENDED, to) : VERDICT.STOP;
      case KIND.TEXT:
      case KIND.TROUBLE:
        return this.#judgeBelowText(from, to);
      case KIND.JAVA_UTIL:
        return this.#judgeJavaUtil(from, to);
      case KIND.REPORT:
        return this.#afterBlank || bytes[from] === EQUALS ? VERDICT.STOP : VERDICT.CONTINUES;
      case KIND.EXCEPTION:
        if (this.#hasFrames || this.#isHead(from, to)) return VERDICT.STOP;
        return this.#maybeMessage();
      default:
        return VERDICT.STOP;
    }
  }

  /** A header belongs to the line above it that speaks of trouble; behind a blank line, only with its frames. */
  #judgeBelowText(from: number, to: number): Verdict {
    if (isExceptionHeader(this.#bytes, from, to)) {
      if (!this.#isTrouble()) return VERDICT.STOP;
      return this.#afterBlank ? this.#maybeMessage() : this.#become(KIND.EXCEPTION, to);
    }
    // zap's and pkg/errors' frames: a function, and below it its place.
    return !this.#afterBlank && isGoFunction(this.#bytes, from, to) && this.#isTrouble() ? this.#maybeMessage() : VERDICT.STOP;
  }

  /** The level's line is the record's own head: what follows it is judged by it. */
  #judgeJavaUtil(from: number, to: number): Verdict {
    if (this.lines > 1 || this.#perhaps > 0 || !isLevelLine(this.#bytes, from, to)) return VERDICT.STOP;
    this.#headFrom = from;
    this.#headTo = to;
    this.#kind = KIND.UNKNOWN;
    return VERDICT.CONTINUES;
  }

  /** Its statement goes on to the head of the next. */
  #judgeSlowQuery(from: number, to: number): Verdict {
    const begins = (start: Uint8Array): boolean => startsWith(this.#bytes, from, to, start);
    if (this.#bytes[from] === SLASH || begins(SLOW_TIME)) return VERDICT.STOP;
    // One time may stand above several statements.
    if (begins(SLOW_USER) && (this.#hasFrames || !startsWith(this.#bytes, this.#headFrom, this.#headTo, SLOW_TIME) || this.lines > 1)) return VERDICT.STOP;
    return this.#takeFrame(to);
  }

  #maybeMessage(): Verdict {
    this.#afterText = true;
    return VERDICT.PERHAPS;
  }

  /** Lines that say by their first word what they continue; STOP: this is none. */
  #judgeMarker(from: number, to: number): Verdict {
    const bytes = this.#bytes;
    const begins = (marker: Uint8Array): boolean => startsWith(bytes, from, to, marker);
    switch (bytes[from]) {
      case OPENING_PARENTHESIS:
        return begins(NODE_HINT) && startsWith(bytes, this.#headFrom, this.#headTo, NODE_HEAD) ? VERDICT.CONTINUES : VERDICT.STOP;
      case CLOSING_BRACE: case CLOSING_BRACKET: case CLOSING_PARENTHESIS:
        return this.#isOpen ? this.#close(to) : VERDICT.STOP;
      case 34: // "
        return this.#kind === KIND.NUMBERED && begins(PHP_CLOSING) ? VERDICT.CONTINUES : VERDICT.STOP;
      case 60: // <
        if (begins(SUSPENSION)) return this.#takeFrame(to);
        return bytes[this.#headFrom] === 60 && !isDigit(bytes[this.#headFrom + 1]) && begins(CLOSING_TAG) ? VERDICT.CONTINUES : VERDICT.STOP;
      case 35: // #
        return isNumberedFrame(bytes, from, to) && (NUMBERED_KINDS.has(this.#kindNow()) || this.#isTrouble()) ? this.#takeNumbered(to) : VERDICT.STOP;
      case 94: case 126: // ^ ~
        return this.#kindNow() === KIND.SOURCE && isCaretLine(bytes, from, to) ? this.#takeFrame(to) : VERDICT.STOP;
      case 103: // g
        return isGoroutine(bytes, from, to) ? this.#become(KIND.GO_FRAMES, to) : this.#judgeNested(from, to);
      case 84: case 68: // T, D
        return this.#judgePython(from, to);
      case 97: // a
        return begins(AT) && this.#kindNow() === KIND.EXCEPTION ? this.#takeFrame(to) : this.#judgeNested(from, to);
      case 78: // N
        return this.#hasFrames && begins(NODE_VERSION) ? this.#takeFrame(to) : this.#judgeParts(from, to, begins);
      default:
        return PART_INITIALS[bytes[from]!] ? this.#judgeParts(from, to, begins) : this.#judgeNested(from, to);
    }
  }

  #judgeParts(from: number, to: number, begins: (marker: Uint8Array) => boolean): Verdict {
    if (EXCEPTION_PARTS.some(begins)) return this.#become(KIND.EXCEPTION, to);
    if (NUMBERED_PARTS.some(begins)) return this.#become(KIND.NUMBERED, to);
    const kind = this.#kindNow();
    if (begins(NEXT) && (kind === KIND.NUMBERED || kind === KIND.EXCEPTION) && isExceptionHeader(this.#bytes, from + NEXT.length, to)) return this.#become(KIND.EXCEPTION, to);
    if (kind === KIND.EXCEPTION && EXCEPTION_DETAILS.some(begins)) return this.#takeFrame(to);
    if (kind === KIND.NUMBERED && begins(PHP_FRAME)) return this.#takeFrame(to);
    if ((kind === KIND.RUST || kind === KIND.EXCEPTION) && RUST_PARTS.some(begins)) return this.#takeFrame(to);
    if ((kind === KIND.GO || kind === KIND.GO_FRAMES) && GO_PARTS.some(begins)) return this.#takeFrame(to);
    if (kind === KIND.EXCEPTION && begins(MORE)) return this.#takeFrame(to);
    return this.#judgeNested(from, to);
  }

  /** An exception below `nested exception is:`, or below a source line and its caret. */
  #judgeNested(from: number, to: number): Verdict {
    const isNested = endsWith(this.#bytes, this.#headFrom, this.#lastTo, NESTED) || (this.#kind === KIND.SOURCE && this.#hasFrames);
    return isNested && isExceptionHeader(this.#bytes, from, to) ? this.#become(KIND.EXCEPTION, to) : VERDICT.STOP;
  }

  #judgePython(from: number, to: number): Verdict {
    const bytes = this.#bytes;
    const kind = this.#kindNow();
    if (startsWith(bytes, from, to, TRACEBACK)) {
      const isOwn = kind === KIND.PYTHON_CHAINED || (!this.#afterBlank && ((kind === KIND.EXCEPTION && !this.#hasFrames) || this.#isTrouble()));
      return isOwn ? this.#become(KIND.PYTHON, to) : VERDICT.STOP;
    }
    if (kind === KIND.PYTHON_ENDED && CHAINS.some((chain) => startsWith(bytes, from, to, chain))) return this.#become(KIND.PYTHON_CHAINED, to);
    return this.#judgeNested(from, to);
  }

  #takeNumbered(to: number): Verdict {
    if (this.#kind === KIND.TROUBLE) this.#kind = KIND.NUMBERED;
    return this.#takeFrame(to);
  }

  #close(to: number): Verdict {
    this.#isOpen = opensBracket(this.#bytes[to - 1]!);
    return VERDICT.CONTINUES;
  }

  /** A line that begins a record of its own wherever it stands. */
  #isHead(from: number, to: number): boolean {
    return isLogStart(this.#bytes, from, to) || kindOf(this.#bytes, from, to) > KIND.TROUBLE;
  }

  /** Looked for only when a trace follows: most lines are never searched. */
  #isTrouble(): boolean {
    if (this.#kindNow() === KIND.TEXT && mentionsTrouble(this.#bytes, this.#headFrom, this.#headTo)) this.#kind = KIND.TROUBLE;
    return this.#kind === KIND.TROUBLE;
  }

  #kindNow(): Kind {
    if (this.#kind === KIND.UNKNOWN) this.#kind = kindOf(this.#bytes, this.#headFrom, this.#headTo);
    return this.#kind;
  }
}

const NUMBERED_KINDS = new Set<Kind>([KIND.TROUBLE, KIND.EXCEPTION, KIND.NUMBERED, KIND.DART]);

const opensBracket = (byte: number): boolean => byte === OPENING_BRACE || byte === OPENING_BRACKET || byte === OPENING_PARENTHESIS;

const withoutReturn = (bytes: Uint8Array, newline: number): number => (newline > 0 && bytes[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline);

/** What begins with the line [from, to), without its indentation. */
const kindOf = (bytes: Uint8Array, from: number, to: number): Kind => {
  const begins = (start: Uint8Array): boolean => startsWith(bytes, from, to, start);
  if (endsWith(bytes, from, to, TRACEBACK_END) || begins(GROUP_TRACEBACK)) return KIND.PYTHON;
  if (GO_HEADS.some(begins)) return KIND.GO;
  if (isGoroutine(bytes, from, to)) return KIND.GO_FRAMES;
  if (begins(DART_HEAD) && from + DART_HEAD.length === to) return KIND.DART;
  if (begins(RUST_HEAD) && contains(bytes, from, to, PANICKED)) return KIND.RUST;
  if (isSourcePlace(bytes, from, to)) return KIND.SOURCE;
  if (isFrame(bytes, from, to)) return KIND.FRAMES;
  if (isExceptionHeader(bytes, from, to) || EXCEPTION_HEADS.some(begins)) return KIND.EXCEPTION;
  if (isJavaUtilHead(bytes, from, to)) return KIND.JAVA_UTIL;
  if (bytes[from] === EQUALS && contains(bytes, from, Math.min(to, from + 32), REPORT_HEAD)) return KIND.REPORT;
  if (begins(SLOW_TIME) || begins(SLOW_USER)) return KIND.SLOW_QUERY;
  return KIND.TEXT;
};
