/** Records by a user's own regular expressions, which run in linear time whatever they are (RE2). */

import { RE2JS } from "re2js";
import { NEWLINE } from "./line-shapes.ts";
import { WAIT, type RecordFinder, type Wait } from "./record-finder.ts";
import type { MultilineSettings } from "./settings.ts";

/**
 * A line continues the record above it unless it matches `start`, provided that it matches
 * `continuation`, as far as these are given; a line that matches `end` is the last of its record.
 */
export class PatternRecords implements RecordFinder {
  lines = 1;
  wait: Wait = WAIT.NOT;
  readonly isTrace = false;
  readonly joinsJson = true;
  readonly endsBeforeDigit = false;
  readonly #settings: MultilineSettings;
  readonly #start: RE2JS | undefined;
  readonly #continuation: RE2JS | undefined;
  readonly #end: RE2JS | undefined;

  constructor(settings: MultilineSettings) {
    this.#settings = settings;
    this.#start = compiled(settings.start);
    this.#continuation = compiled(settings.continuation);
    this.#end = compiled(settings.end);
  }

  find(bytes: Uint8Array, from: number, newline: number, limit: number): number {
    const { maxLines, maxBytes } = this.#settings;
    let end = newline + 1;
    this.lines = 1;
    this.wait = WAIT.NOT;
    if (this.#isLast(textOf(bytes, from, newline))) return end;
    while (end < limit) {
      const next = bytes.indexOf(NEWLINE, end) + 1;
      const text = textOf(bytes, end, next - 1);
      if (!this.#continues(text) || this.lines >= maxLines || next - from > maxBytes) return end;
      this.lines++;
      end = next;
      if (this.#isLast(text)) return end;
    }
    this.wait = WAIT.LINGER;
    return end;
  }

  #continues(text: string): boolean {
    return !this.#start?.matcher(text).find() && (this.#continuation?.matcher(text).find() ?? true);
  }

  #isLast(text: string): boolean {
    return this.#end?.matcher(text).find() ?? false;
  }
}

const compiled = (pattern: string | undefined): RE2JS | undefined => (pattern === undefined ? undefined : RE2JS.compile(pattern));

const textOf = (bytes: Uint8Array, from: number, newline: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, newline - from).toString("utf8").replace(/\r$/, "");
