/**
 * Which format a stream has. Formats that were seen are tried first, in the order of the registry;
 * a line that only the fallback takes is looked at by all of them, always among a stream's first
 * lines and now and then later: so a stream that drifts is noticed, and one of free text stays cheap.
 */

import { FALLBACK, PARSERS } from "./registry.ts";
import { ParseContext, ParsedRecord, type LineParser } from "./text/record.ts";
import type { LocalZone } from "./text/zone.ts";

/** Lines at the start of a stream that are all detected anew. */
const FIRST_LINES = 64;
/** Later one of so many is, of those that only the fallback takes. */
const EVERY = 16;
/** A format that took none of so many lines is no longer tried first. */
const FORGET_AFTER = 4096;

interface Known {
  readonly parser: LineParser;
  readonly rank: number;
  /** Number of the last line that it took. */
  last: number;
}

export interface StreamParserOptions {
  /** The one format of the stream; detected without it. */
  readonly parser?: LineParser | undefined;
  readonly zone?: LocalZone | undefined;
}

export class StreamParser {
  readonly context: ParseContext;
  /** The format of the last line. */
  format = "";
  readonly #only: LineParser | undefined;
  #known: Known[] = [];
  #lines = 0;

  constructor({ parser, zone }: StreamParserOptions = {}) {
    this.context = new ParseContext(zone);
    this.#only = parser;
  }

  /** Always a record: of a line that is not of the stream's one format the line is the message. */
  parse(line: string, nowSeconds: number): ParsedRecord {
    this.context.nowSeconds = nowSeconds;
    this.#lines++;
    if (this.#only) return this.#parseOnly(this.#only, line);
    for (const known of this.#known) {
      if (!known.parser.detect(line)) continue;
      const record = known.parser.parse(line, this.context);
      if (record) return this.#took(known, record);
    }
    if (this.#lines <= FIRST_LINES || this.#lines % EVERY === 0) {
      const record = this.#detect(line);
      if (record) return record;
    }
    this.format = FALLBACK.name;
    return FALLBACK.parse(line, this.context)!;
  }

  /** The parser that every line is given to first, whatever it looks like; undefined while that is not settled. */
  get first(): LineParser | undefined {
    return this.#only ?? this.#known[0]?.parser;
  }

  /** `first` has taken, elsewhere, so many lines. */
  tookElsewhere(lines: number): void {
    const before = this.#lines;
    this.#lines += lines;
    const [known] = this.#known;
    if (!known) return;
    known.last = this.#lines;
    this.format = known.parser.name;
    const forgetting = this.#lines - (this.#lines % FORGET_AFTER);
    if (forgetting > before) this.#known = this.#known.filter(({ last }) => last > forgetting - FORGET_AFTER);
  }

  #parseOnly(parser: LineParser, line: string): ParsedRecord {
    const record = parser.parse(line, this.context);
    if (record) {
      this.format = parser.name;
      return record;
    }
    this.format = "";
    const unparsed = new ParsedRecord();
    unparsed.message = line;
    return unparsed;
  }

  #detect(line: string): ParsedRecord | undefined {
    for (const [rank, parser] of PARSERS.entries()) {
      if (parser === FALLBACK || !parser.detect(line)) continue;
      const record = parser.parse(line, this.context);
      if (!record) continue;
      const known = this.#known.find((candidate) => candidate.parser === parser) ?? { parser, rank, last: 0 };
      if (!this.#known.includes(known)) this.#known = [...this.#known, known].sort((a, b) => a.rank - b.rank);
      return this.#took(known, record);
    }
    return undefined;
  }

  #took(known: Known, record: ParsedRecord): ParsedRecord {
    known.last = this.#lines;
    this.format = known.parser.name;
    if (this.#lines % FORGET_AFTER === 0) this.#known = this.#known.filter(({ last }) => last > this.#lines - FORGET_AFTER);
    return record;
  }
}
