/**
 * The row pass over a JSON line of a known shape: one walk along the trie, every value written to
 * its column where it is found. Any doubt ends in -1, and the slow path decides (log-block.ts).
 * Only what runs of digits may hide is masked here: text-masker.ts does the rest, natively.
 */

import {
  MIN_SENSITIVE_DIGITS_BYTES,
  hasSensitiveDigits,
  maskText,
  newMaskCounts,
  type Detector,
  type MaskCounts,
} from "../mask/index.ts";
import { ROLE } from "../parsers/fields.ts";
import { decodeHex } from "../parsers/hex.ts";
import { severityOfLevel, severityOfNumber } from "../parsers/severity.ts";
import type { TimestampParser } from "../parsers/timestamp.ts";
import type { LogColumns } from "./columns.ts";
import { MAX_NAME_BYTES } from "./dictionary.ts";
import { unescapeTo, type Scanner } from "./scan.ts";
import type { SeverityMemo } from "./severity-memo.ts";
import { CHILD, KEY, KIND, LITERAL_LENGTH, LITERAL_START, SIBLING, VALUE_KIND, VALUE_ROLE, type ShapeTrie } from "./shape.ts";

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const NULL_WORD = 0x6c6c756e;

export class FastRow {
  readonly #columns: LogColumns;
  readonly #shapes: ShapeTrie;
  readonly #scanner: Scanner;
  readonly #timestamps: TimestampParser;
  readonly #detectors: ReadonlySet<Detector>;
  readonly #masked: MaskCounts;
  /** Counts of the line that is being walked: they do not count when it takes the slow path after all. */
  readonly #maskedInLine = newMaskCounts();
  #hasMasked = false;
  readonly #masksDigits: boolean;
  readonly #severities: SeverityMemo | undefined;

  constructor(
    columns: LogColumns,
    shapes: ShapeTrie,
    scanner: Scanner,
    timestamps: TimestampParser,
    detectors: ReadonlySet<Detector>,
    masked: MaskCounts,
    severities?: SeverityMemo,
  ) {
    this.#columns = columns;
    this.#shapes = shapes;
    this.#scanner = scanner;
    this.#timestamps = timestamps;
    this.#detectors = detectors;
    this.#masked = masked;
    this.#severities = severities;
    this.#masksDigits = detectors.has("card") || detectors.has("ssn");
  }

  /** Writes the line at `from` into the row that has been begun; index of its newline, or -1. */
  walk(from: number): number {
    const end = this.#walkShape(from);
    if (this.#hasMasked) this.#settleMasked(end >= 0);
    return end;
  }

  #walkShape(from: number): number {
    const { nodes } = this.#shapes;
    const { bytes } = this.#columns.arena;
    let at = from;
    let node = nodes[CHILD]!;
    while (node !== 0) {
      const length = nodes[node + LITERAL_LENGTH]!;
      if (!this.#startsWith(at, nodes[node + LITERAL_START]!, length)) {
        node = nodes[node + SIBLING]!;
        continue;
      }
      const start = at + length;
      const kind = nodes[node + VALUE_KIND]!;
      if (kind === KIND.END) {
        if (bytes[start] === NEWLINE) return start;
        if (bytes[start] === CARRIAGE_RETURN && bytes[start + 1] === NEWLINE) return start + 1;
        node = nodes[node + SIBLING]!;
        continue;
      }
      const end = this.#valueEnd(kind, start);
      if (end < 0) {
        node = nodes[node + SIBLING]!;
        continue;
      }
      if (!this.#write(nodes[node + VALUE_ROLE]!, nodes[node + KEY]!, kind, start, end)) return -1;
      at = end;
      node = nodes[node + CHILD]!;
    }
    return -1;
  }

  /** Four bytes at a time; the last four may overlap those before. */
  #startsWith(at: number, literal: number, length: number): boolean {
    const { literalView, literals } = this.#shapes;
    const { bytes, view } = this.#columns.arena;
    if (length < 4) {
      for (let index = 0; index < length; index++) if (literals[literal + index] !== bytes[at + index]) return false;
      return true;
    }
    const last = length - 4;
    if (literalView.getInt32(literal + last, true) !== view.getInt32(at + last, true)) return false;
    for (let index = 0; index < last; index += 4)
      if (literalView.getInt32(literal + index, true) !== view.getInt32(at + index, true)) return false;
    return true;
  }

  #valueEnd(kind: number, start: number): number {
    if (kind === KIND.STRING) return this.#scanner.string(start);
    return kind === KIND.BARE ? this.#scanner.bare(start) : this.#scanner.array(start);
  }

  #write(role: number, key: number, kind: number, from: number, to: number): boolean {
    if (kind === KIND.STRING) {
      if (this.#scanner.escaped) return this.#writeEscaped(role, key, from, to);
      if (role > ROLE.ATTRIBUTE) return this.#writeField(role, key, from, to, this.#scanner.digits);
      this.#writeText(role, key, from, to, this.#scanner.digits);
      return true;
    }
    if (kind === KIND.BARE && to - from === 4 && this.#columns.arena.view.getInt32(from, true) === NULL_WORD) return role === ROLE.ATTRIBUTE;
    const digits = kind === KIND.ARRAY || to - from >= MIN_SENSITIVE_DIGITS_BYTES;
    if (role > ROLE.ATTRIBUTE) return this.#writeField(role, key, from, to, digits);
    this.#writeText(role, key, from, to, digits);
    return true;
  }

  #writeField(role: number, key: number, from: number, to: number, digits: boolean): boolean {
    const columns = this.#columns;
    const { bytes } = columns.arena;
    const row = columns.rows;
    switch (role) {
      case ROLE.TIMESTAMP:
        if (this.#timestamps.parse(from, to)) columns.setTimestamp(this.#timestamps.seconds, this.#timestamps.nanoseconds);
        else this.#writeText(ROLE.ATTRIBUTE, key, from, to, digits);
        return true;
      case ROLE.LEVEL:
      case ROLE.SEVERITY_NUMBER: {
        const severity = role === ROLE.LEVEL ? severityOfLevel(bytes, from, to) : severityOfNumber(bytes, from, to);
        if (severity >= 0) {
          bytes[columns.severities + row] = severity;
          this.#severities?.learn(role, from, to, severity);
        } else this.#writeText(ROLE.ATTRIBUTE, key, from, to, digits);
        return true;
      }
      case ROLE.SERVICE:
      case ROLE.HOST:
      case ROLE.ENVIRONMENT:
        if (to - from > MAX_NAME_BYTES) {
          this.#writeText(ROLE.ATTRIBUTE, key, from, to, digits);
          return true;
        }
        return this.#writeName(role, from, to);
      case ROLE.TRACE_ID:
        this.#writeHex(key, from, to, columns.traceIds + row * 16, 16, digits);
        return true;
      case ROLE.SPAN_ID:
        this.#writeHex(key, from, to, columns.spanIds + row * 8, 8, digits);
        return true;
      default:
        this.#writeText(role, key, from, to, digits);
        return true;
    }
  }

  #writeName(role: number, from: number, to: number): boolean {
    const columns = this.#columns;
    const { view } = columns.arena;
    const row = columns.rows;
    if (role === ROLE.SERVICE) return writeId(view, columns.serviceIds + row * 2, columns.services.idOf(from, to));
    if (role === ROLE.HOST) return writeId(view, columns.hostIds + row * 2, columns.hosts.idOf(from, to));
    return writeId(view, columns.environmentIds + row * 2, columns.environments.idOf(from, to));
  }

  /** An id of another form than OpenTelemetry's is kept as an attribute. */
  #writeHex(key: number, from: number, to: number, target: number, length: number, digits: boolean): void {
    const { bytes } = this.#columns.arena;
    if (to - from === length * 2 && decodeHex(bytes, from, target, length)) return;
    bytes.fill(0, target, target + length);
    this.#writeText(ROLE.ATTRIBUTE, key, from, to, digits);
  }

  #writeText(role: number, key: number, from: number, to: number, digits: boolean): void {
    const columns = this.#columns;
    if (digits && this.#hasDigits(from, to)) this.#writeMasked(role, key, from, to);
    else if (role === ROLE.MESSAGE) columns.setMessage(from, to);
    else columns.addAttribute(key, from, to);
  }

  #hasDigits(from: number, to: number): boolean {
    const { view, bytes } = this.#columns.arena;
    return this.#masksDigits && hasSensitiveDigits(view, bytes, from, to);
  }

  #settleMasked(counts: boolean): void {
    this.#hasMasked = false;
    for (const detector of Object.keys(this.#maskedInLine) as Detector[]) {
      if (counts) this.#masked[detector] += this.#maskedInLine[detector];
      this.#maskedInLine[detector] = 0;
    }
  }

  #writeMasked(role: number, key: number, from: number, to: number): void {
    const columns = this.#columns;
    const text = maskText(columns.arena.buffer.toString("utf8", from, to), this.#maskedInLine, this.#detectors);
    this.#hasMasked = true;
    if (role === ROLE.MESSAGE) columns.setMessageText(text);
    else columns.addAttributeText(key, text);
  }

  /** Messages and attributes are decoded in the scratch region; other fields do not have escapes. */
  #writeEscaped(role: number, key: number, from: number, to: number): boolean {
    if (role !== ROLE.ATTRIBUTE && role !== ROLE.MESSAGE) return false;
    const columns = this.#columns;
    const { bytes } = columns.arena;
    const start = columns.scratch;
    const end = unescapeTo(bytes, from, to, start);
    if (end < 0) return false;
    if (this.#hasDigits(start, end)) this.#writeMasked(role, key, start, end);
    else if (role === ROLE.MESSAGE) columns.setMessage(start, end);
    else columns.addAttribute(key, start, end);
    return true;
  }
}

const writeId = (view: DataView, at: number, id: number): boolean => {
  if (id < 0) return false;
  view.setUint16(at, id, true);
  return true;
};
