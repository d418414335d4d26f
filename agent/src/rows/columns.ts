/**
 * The columns of a block, laid out in the arena as ClickHouse's Native format wants them, and the
 * row that is being written. A row is begun, filled and then committed or rolled back; nothing is
 * allocated per row.
 */

import type { LineMarks } from "../core/line-marks.ts";
import { ACCESS_KEYS_BYTES, AGENT_MEMO_BYTES } from "./access-lane.ts";
import { Arena } from "./arena.ts";
import { ByteDictionary, DICTIONARY_BYTES, KeyDictionary } from "./dictionary.ts";
import { writeNanoseconds } from "./int64.ts";
import { SEVERITY_MEMO_BYTES } from "./severity-memo.ts";
import { LITERAL_BYTES, NODE_BYTES } from "./shape.ts";
import { TimeRange } from "./time-range.ts";

/** Most attributes of one row; what is beyond goes, as JSON text, into one attribute. */
export const MAX_ROW_ATTRIBUTES = 1024;
/** On average over a block; a block whose rows have more is sealed early. */
const ATTRIBUTES_PER_ROW = 32;
/** Room that is checked before a row: its attributes, those of its stream, and some to spare. */
const ROW_ENTRY_RESERVE = 2 * MAX_ROW_ATTRIBUTES;
/** Dictionaries that grew past this are dropped when their block has been encoded. */
const KEEP_IDS = 4096;

export interface ColumnSizes {
  readonly maxRows: number;
  readonly inputBytes: number;
  /** The most bytes that one row can add to the messages or to the attribute values. */
  readonly maxRowBytes: number;
}

/** Places of values that may have something to mask, noted per chunk, and one to end them. */
export const MAX_HITS = 1 << 16;
const HIT_BYTES = (MAX_HITS + 1) * 4;
const STATE_BYTES = 256;
const ID_TABLE_BYTES = 0x10000 * 2;

/** Bytes of messages, and as many of attribute values, that a block of such rows is made for. */
const TEXT_BYTES_PER_ROW = 512;

export class LogColumns {
  readonly arena: Arena;
  readonly services: ByteDictionary;
  readonly hosts: ByteDictionary;
  readonly environments: ByteDictionary;
  readonly keys = new KeyDictionary();
  /** Of the committed rows' timestamps. */
  readonly range = new TimeRange();

  /** Offsets of the regions. */
  readonly input: number;
  readonly scratch: number;
  readonly timestamps: number;
  readonly observed: number;
  readonly severities: number;
  readonly serviceIds: number;
  readonly hostIds: number;
  readonly environmentIds: number;
  readonly traceIds: number;
  readonly spanIds: number;
  readonly patterns: number;
  readonly weights: number;
  readonly batches: number;
  /** Planes of the rows' ordinals, a byte per row each: bits 0-7 and 8-15; bits 16-23, always 0. */
  readonly ordinals: readonly [number, number, number];
  /** UInt64 running totals of attributes; only the lower half is ever written. */
  readonly entryEnds: number;
  readonly entryKeys: number;
  /** Where encoding puts the indexes of services, hosts, environments and attribute keys. */
  readonly indexes: number;
  readonly messages: number;
  readonly values: number;
  /** What the compiled row pass shares with TypeScript besides the columns. */
  readonly shapeNodes: number;
  readonly shapeLiterals: number;
  readonly levels: number;
  readonly sharedKeys: number;
  readonly state: number;
  readonly accessKeys: number;
  readonly agents: number;
  /** What `narrow` of the compiled row pass works with: 16 bits per id, and the ids used. */
  readonly indexTable: number;
  readonly usedIds: number;
  readonly messageHits: number;
  readonly valueHits: number;
  /** Regions of the dictionaries. */
  readonly names: readonly [services: number, hosts: number, environments: number];

  rows = 0;
  /** Ends of the variable columns, including the row that is being written. */
  messageEnd: number;
  valueEnd: number;
  entryCount = 0;

  readonly #sizes: ColumnSizes;
  readonly #maxEntries: number;
  /** More in one of the text columns: the block is full. */
  readonly #fullBytes: number;
  #rowMessageStart: number;
  #rowValueStart: number;
  #rowEntryStart = 0;
  #seconds = 0;
  #nanoseconds = 0;
  #unusualConstants = false;

  constructor(sizes: ColumnSizes) {
    const { maxRows, inputBytes, maxRowBytes } = sizes;
    this.#sizes = sizes;
    this.#maxEntries = maxRows * ATTRIBUTES_PER_ROW + ROW_ENTRY_RESERVE;
    this.#fullBytes = maxRows * TEXT_BYTES_PER_ROW;
    const textBytes = this.#fullBytes + maxRowBytes;
    const perRow = [8, 8, 1, 2, 2, 2, 16, 8, 8, 4, 16, 1, 1, 1, 8].map((width) => width * maxRows);
    const shared = [NODE_BYTES, LITERAL_BYTES, SEVERITY_MEMO_BYTES, MAX_ROW_ATTRIBUTES * 2, STATE_BYTES, ACCESS_KEYS_BYTES, AGENT_MEMO_BYTES, ID_TABLE_BYTES, ID_TABLE_BYTES, HIT_BYTES, HIT_BYTES, DICTIONARY_BYTES, DICTIONARY_BYTES, DICTIONARY_BYTES];
    const arena = new Arena([inputBytes, inputBytes, ...perRow, this.#maxEntries * 2, this.#maxEntries * 2 + maxRows * 6, textBytes, textBytes, ...shared]);
    this.arena = arena;
    let region = 0;
    const next = () => arena.start(region++);
    this.input = next();
    this.scratch = next();
    this.timestamps = next();
    this.observed = next();
    this.severities = next();
    this.serviceIds = next();
    this.hostIds = next();
    this.environmentIds = next();
    this.traceIds = next();
    this.spanIds = next();
    this.patterns = next();
    this.weights = next();
    this.batches = next();
    this.ordinals = [next(), next(), next()];
    this.entryEnds = next();
    this.entryKeys = next();
    this.indexes = next();
    this.messages = next();
    this.values = next();
    this.shapeNodes = next();
    this.shapeLiterals = next();
    this.levels = next();
    this.sharedKeys = next();
    this.state = next();
    this.accessKeys = next();
    this.agents = next();
    this.indexTable = next();
    this.usedIds = next();
    this.messageHits = next();
    this.valueHits = next();
    this.names = [next(), next(), next()];
    this.messageEnd = this.#rowMessageStart = this.messages;
    this.valueEnd = this.#rowValueStart = this.values;
    this.services = new ByteDictionary(arena, this.names[0]);
    this.hosts = new ByteDictionary(arena, this.names[1]);
    this.environments = new ByteDictionary(arena, this.names[2]);
    for (let row = 0; row < maxRows; row++) {
      arena.bytes[this.ordinals[0] + row] = row;
      arena.bytes[this.ordinals[1] + row] = row >> 8;
    }
    this.#fillConstants();
  }

  get maxRows(): number {
    return this.#sizes.maxRows;
  }

  /** Whether one more row of any size fits. */
  get hasRoom(): boolean {
    const { maxRows } = this.#sizes;
    return (
      this.rows < maxRows &&
      this.messageEnd - this.messages <= this.#fullBytes &&
      this.valueEnd - this.values <= this.#fullBytes &&
      this.entryCount + ROW_ENTRY_RESERVE <= this.#maxEntries &&
      this.keys.size + ROW_ENTRY_RESERVE <= KeyDictionary.maxIds
    );
  }

  /** Ends of the columns at which the block is full; see `hasRoom`. */
  get limits(): { readonly messageEnd: number; readonly valueEnd: number; readonly entryCount: number } {
    return { messageEnd: this.messages + this.#fullBytes, valueEnd: this.values + this.#fullBytes, entryCount: this.#maxEntries - ROW_ENTRY_RESERVE };
  }

  /** Starts a row with a time (seconds, ns), the ids of its resource, and nothing else. */
  beginRow(seconds: number, nanoseconds: number, service: number, host: number, environment: number): void {
    const { bytes, view } = this.arena;
    const row = this.rows;
    this.#seconds = seconds;
    this.#nanoseconds = nanoseconds;
    view.setUint16(this.serviceIds + row * 2, service, true);
    view.setUint16(this.hostIds + row * 2, host, true);
    view.setUint16(this.environmentIds + row * 2, environment, true);
    writeNanoseconds(view, this.observed + row * 8, seconds, nanoseconds);
    this.#rowMessageStart = this.messageEnd;
    this.#rowValueStart = this.valueEnd;
    this.#rowEntryStart = this.entryCount;
    bytes[this.severities + row] = 0;
    const trace = this.traceIds + row * 16;
    view.setFloat64(trace, 0);
    view.setFloat64(trace + 8, 0);
    view.setFloat64(this.spanIds + row * 8, 0);
  }

  /** Takes back everything since `beginRow`. */
  rollbackRow(): void {
    this.messageEnd = this.#rowMessageStart;
    this.valueEnd = this.#rowValueStart;
    this.entryCount = this.#rowEntryStart;
  }

  commitRow(): void {
    const row = this.rows;
    const { bytes, view } = this.arena;
    if (this.messageEnd === this.#rowMessageStart) bytes[this.messageEnd++] = 0;
    view.setUint32(this.entryEnds + row * 8, this.entryCount, true);
    writeNanoseconds(view, this.timestamps + row * 8, this.#seconds, this.#nanoseconds);
    this.range.add(this.#seconds, this.#nanoseconds);
    this.rows = row + 1;
  }

  /** Gives a committed row that did not bring its own the time and level of a mark. */
  fillIn(row: number, { seconds, nanoseconds, severities }: LineMarks, mark: number): void {
    const { bytes, view } = this.arena;
    const time = this.timestamps + row * 8;
    const observed = this.observed + row * 8;
    if (seconds[mark]! >= 0 && view.getUint32(time, true) === view.getUint32(observed, true) && view.getUint32(time + 4, true) === view.getUint32(observed + 4, true)) {
      writeNanoseconds(view, time, seconds[mark]!, nanoseconds[mark]!);
      this.range.add(seconds[mark]!, nanoseconds[mark]!);
    }
    if (bytes[this.severities + row] === 0) bytes[this.severities + row] = severities[mark]!;
  }

  setTimestamp(seconds: number, nanoseconds: number): void {
    this.#seconds = seconds;
    this.#nanoseconds = nanoseconds;
  }

  setMessage(from: number, to: number): void {
    this.messageEnd = this.#writeText(this.messageEnd, from, to);
  }

  setMessageText(text: string): void {
    this.messageEnd = this.#writeString(this.messageEnd, text);
  }

  addAttribute(key: number, from: number, to: number): void {
    this.#addKey(key);
    this.valueEnd = this.#writeText(this.valueEnd, from, to);
  }

  addAttributeText(key: number, text: string): void {
    this.#addKey(key);
    this.valueEnd = this.#writeString(this.valueEnd, text);
  }

  /** Attributes that an earlier row of this block ends with: `keys` and the bytes of all values. */
  repeatAttributes(keys: readonly number[], from: number, length: number): void {
    for (let index = 0; index < keys.length; index++) this.#addKey(keys[index]!);
    this.arena.copy(this.valueEnd, from, length);
    this.valueEnd += length;
  }

  setPatternAndWeight(pattern: bigint, weight: number): void {
    if (pattern === 0n && weight === 1) return;
    this.#unusualConstants = true;
    this.arena.view.setBigUint64(this.patterns + this.rows * 8, pattern, true);
    this.arena.view.setFloat32(this.weights + this.rows * 4, weight, true);
  }

  reset(): void {
    this.rows = 0;
    this.entryCount = 0;
    this.messageEnd = this.messages;
    this.valueEnd = this.values;
    this.range.clear();
    if (this.#unusualConstants) this.#fillConstants();
  }

  /** True when ids that others hold (shapes, streams) have become void. Only for an empty block. */
  dropLargeDictionaries(): boolean {
    const dictionaries = [this.services, this.hosts, this.environments, this.keys];
    if (dictionaries.every(({ size }) => size <= KEEP_IDS)) return false;
    for (const dictionary of dictionaries) dictionary.clear();
    return true;
  }

  #fillConstants(): void {
    this.#unusualConstants = false;
    const { bytes, view } = this.arena;
    bytes.fill(0, this.patterns, this.patterns + this.maxRows * 8);
    for (let row = 0; row < this.maxRows; row++) view.setFloat32(this.weights + row * 4, 1, true);
  }

  #addKey(key: number): void {
    this.arena.view.setUint16(this.entryKeys + this.entryCount * 2, key, true);
    this.entryCount++;
  }

  #writeText(at: number, from: number, to: number): number {
    const length = to - from;
    const start = this.#writeLength(at, length);
    this.arena.copy(start, from, length);
    return start + length;
  }

  #writeString(at: number, text: string): number {
    const length = Buffer.byteLength(text);
    const start = this.#writeLength(at, length);
    this.arena.buffer.write(text, start, "utf8");
    return start + length;
  }

  #writeLength(at: number, length: number): number {
    const { bytes } = this.arena;
    let rest = length;
    let end = at;
    while (rest >= 0x80) {
      bytes[end++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[end++] = rest;
    return end;
  }
}
