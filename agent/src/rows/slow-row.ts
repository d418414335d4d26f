/** Rows of texts and objects: odd lines, plain text that needs masking, and records of doors. */

import { maskText, type Detector, type MaskCounts } from "../mask/index.ts";
import { ROLE, ROLE_OF_PATH, type Role } from "../parsers/fields.ts";
import { decodeHex } from "../parsers/hex.ts";
import type { Leaf } from "../parsers/json-leaves.ts";
import { severityOfLevel, severityOfNumber } from "../parsers/severity.ts";
import type { TimestampParser } from "../parsers/timestamp.ts";
import { MAX_ROW_ATTRIBUTES, type LogColumns } from "./columns.ts";
import type { RowDefaults } from "./contracts.ts";
import { MAX_NAME_BYTES, type ByteDictionary } from "./dictionary.ts";

/** Holds, as a JSON object, the attributes beyond the most that a row may have. */
export const OVERFLOW_ATTRIBUTE = "obs.overflow";

/** A row's own attributes that collide with those of its stream are kept under this prefix. */
const LINE_PREFIX = "line.";

/** Card and social security numbers have at least nine digits. */
const DIGITS = /\d(?:[ -]?\d){8}/;
const MAX_KEPT_NAMES = 4096;

export class SlowRow {
  readonly #columns: LogColumns;
  readonly #timestamps: TimestampParser;
  readonly #detectors: ReadonlySet<Detector>;
  readonly #masked: MaskCounts;
  readonly #maxTextBytes: number;
  readonly #maskedNames = new Map<string, string>();

  constructor(
    columns: LogColumns,
    timestamps: TimestampParser,
    detectors: ReadonlySet<Detector>,
    masked: MaskCounts,
    maxTextBytes: number,
  ) {
    this.#columns = columns;
    this.#timestamps = timestamps;
    this.#detectors = detectors;
    this.#masked = masked;
    this.#maxTextBytes = maxTextBytes;
  }

  mask(text: string): string {
    return maskText(text, this.#masked, this.#detectors);
  }

  /**
   * Masks what runs of digits may hide. Enough for messages and values of lines: the rest is found
   * natively, over whole columns (text-masker.ts).
   */
  maskDigits(text: string): string {
    return DIGITS.test(text) ? this.mask(text) : text;
  }

  /** Masks what a parser might take apart and so hide: addresses with a sign and groups of digits. */
  maskDivisible(line: string): string {
    return line.includes("@") || DIGITS.test(line) ? this.mask(line) : line;
  }

  /** The same for what stands in dictionaries, where no such search comes after: names are few. */
  maskName(name: string): string {
    let masked = this.#maskedNames.get(name);
    if (masked === undefined) {
      masked = this.mask(name);
      // A name that was masked counts each time.
      if (masked === name) {
        if (this.#maskedNames.size >= MAX_KEPT_NAMES) this.#maskedNames.clear();
        this.#maskedNames.set(name, masked);
      }
    }
    return masked;
  }

  /** The message of a text line. */
  writeMessage(text: string): void {
    this.#columns.setMessageText(this.#limit(this.maskDigits(text), this.#maxTextBytes));
  }

  /** Writes a JSON line's leaves into the row that has been begun; false when a dictionary is full. */
  writeLeaves(leaves: readonly Leaf[], defaults: RowDefaults): boolean {
    const taken = new Set<Role>();
    const attributes = new Map<string, string>();
    for (const { path, text } of lastOfEachPath(leaves)) {
      const role = ROLE_OF_PATH.get(path) ?? ROLE.ATTRIBUTE;
      const outcome = role === ROLE.ATTRIBUTE || taken.has(role) ? "attribute" : this.writeField(role, text);
      taken.add(role);
      if (outcome === "full") return false;
      if (outcome === "attribute") attributes.set(path, text);
    }
    this.writeAttributes(attributes, defaults);
    return true;
  }

  /** One field of the record; "attribute" when the text is not of its form. */
  writeField(role: Role, text: string): "written" | "attribute" | "full" {
    const columns = this.#columns;
    const { bytes, buffer, view } = columns.arena;
    const row = columns.rows;
    if (role === ROLE.MESSAGE) {
      columns.setMessageText(this.#limit(this.mask(text), this.#maxTextBytes));
      return "written";
    }
    const from = columns.scratch;
    const to = from + buffer.write(text, from, "utf8");
    const asId = (ids: number, dictionary: ByteDictionary) => {
      if (to - from > MAX_NAME_BYTES) return "attribute";
      const id = dictionary.idOf(from, to);
      if (id < 0) return "full";
      view.setUint16(ids + row * 2, id, true);
      return "written";
    };
    const asSeverity = (severity: number) => {
      if (severity < 0) return "attribute";
      bytes[columns.severities + row] = severity;
      return "written";
    };
    switch (role) {
      case ROLE.TIMESTAMP:
        if (!this.#timestamps.parse(from, to)) return "attribute";
        columns.setTimestamp(this.#timestamps.seconds, this.#timestamps.nanoseconds);
        return "written";
      case ROLE.LEVEL:
        return asSeverity(severityOfLevel(bytes, from, to));
      case ROLE.SEVERITY_NUMBER:
        return asSeverity(severityOfNumber(bytes, from, to));
      case ROLE.SERVICE:
        return asId(columns.serviceIds, columns.services);
      case ROLE.HOST:
        return asId(columns.hostIds, columns.hosts);
      case ROLE.ENVIRONMENT:
        return asId(columns.environmentIds, columns.environments);
      case ROLE.TRACE_ID:
        return this.#hex(from, to, columns.traceIds + row * 16, 16);
      case ROLE.SPAN_ID:
        return this.#hex(from, to, columns.spanIds + row * 8, 8);
      default:
        return "attribute";
    }
  }

  #hex(from: number, to: number, target: number, length: number): "written" | "attribute" {
    const { bytes } = this.#columns.arena;
    if (to - from === length * 2 && decodeHex(bytes, from, target, length)) return "written";
    bytes.fill(0, target, target + length);
    return "attribute";
  }

  /** Masks keys and values; what is beyond a row's limits is cut or gathered, never dropped. */
  writeAttributes(attributes: ReadonlyMap<string, string>, defaults: RowDefaults, mask = (text: string): string => this.mask(text)): void {
    const isOwn = (path: string): boolean => defaults.attributes.some(({ name }) => name === path);
    let room = this.#maxTextBytes;
    let count = 0;
    const overflow: [string, string][] = [];
    const write = (key: string, text: string) => {
      const limited = this.#limit(text, room);
      room -= Buffer.byteLength(limited);
      this.#columns.addAttributeText(this.#columns.keys.idOf(key), limited);
    };
    for (const [path, text] of attributes) {
      const key = this.#limit(this.maskName(isOwn(path) ? LINE_PREFIX + path : path), MAX_KEY_BYTES);
      const value = mask(text);
      if (++count < MAX_ROW_ATTRIBUTES) write(key, value);
      else overflow.push([key, value]);
    }
    if (overflow.length > 0) write(OVERFLOW_ATTRIBUTE, JSON.stringify(Object.fromEntries(overflow)));
  }

  /** At most that many bytes of UTF-8, without half a character at the end. */
  #limit(text: string, maxBytes: number): string {
    if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
    const bytes = Buffer.from(text).subarray(0, maxBytes);
    return bytes.toString("utf8", 0, endOfLastCharacter(bytes));
  }
}

/** Keys stand in a dictionary; one that is longer is data. */
const MAX_KEY_BYTES = 1024;

/** Length of `bytes` without an incomplete UTF-8 character at its end. */
export const endOfLastCharacter = (bytes: Uint8Array): number => {
  let start = bytes.length - 1;
  while (start > 0 && start > bytes.length - 4 && (bytes[start]! & 0xc0) === 0x80) start--;
  const lead = bytes[start] ?? 0;
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start + size > bytes.length && size > 1 ? start : bytes.length;
};

/** As JSON.parse has it: of two members of one name the last one counts, in the place of the first. */
const lastOfEachPath = (leaves: readonly Leaf[]): Iterable<Leaf> => {
  const byPath = new Map<string, Leaf>();
  for (const leaf of leaves) byPath.set(leaf.path, leaf);
  return byPath.values();
};
