/**
 * The row pass of logs: lines in, one ClickHouse Native block out. Parse, enrich and mask happen on
 * the way, in one arena and without an allocation per row (hence one class with a few collaborators
 * instead of a chain of record objects).
 *
 *   line --known shape--> fast-row  --.
 *        --other JSON---> slow-row  --+--> columns --> text-masker --> encode
 *        --text---------> plain-row --'    (parsers/: the format of each stream)
 *
 * wasm-row-pass does what fast-row does, line after line, compiled; what it leaves comes back here.
 */

import { isUtf8 } from "node:buffer";
import { SEVERITY, type BatchKey } from "@obs/wire";
import type { IncomingLog, LineStream } from "../core/contracts.ts";
import type { FieldSample } from "../core/field-census.ts";
import type { LineMarks } from "../core/line-marks.ts";
import { maskText, newMaskCounts, type Detector } from "../mask/index.ts";
import { createRecordFinder, WAIT, type MultilineSettings, type RecordFinder } from "../multiline/index.ts";
import { ROLE } from "../parsers/fields.ts";
import { isDockerLine } from "../parsers/formats/json.ts";
import { access } from "../parsers/formats/access.ts";
import { parseJsonLeaves } from "../parsers/json-leaves.ts";
import { TimestampParser } from "../parsers/timestamp.ts";
import { ACCESS_KEYS, writeAccessKeys } from "./access-lane.ts";
import { LogColumns } from "./columns.ts";
import type { MaskOptions, RowCounts, RowDefaults } from "./contracts.ts";
import { BlockEncoder } from "./encode.ts";
import { FastRow } from "./fast-row.ts";
import { LeftLines } from "./left-lines.ts";
import { FULL, PlainRow, WRITTEN, type WriteOutcome } from "./plain-row.ts";
import { sampleFields } from "./sample-fields.ts";
import { Scanner } from "./scan.ts";
import { SeverityMemo } from "./severity-memo.ts";
import { ShapeTrie } from "./shape.ts";
import { SlowRow, endOfLastCharacter } from "./slow-row.ts";
import { StreamDefaults, type Resource } from "./stream-defaults.ts";
import { TextMasker } from "./text-masker.ts";
import { LANE, WasmRowPass, type Lane } from "./wasm-row-pass.ts";

export type { MaskOptions, RowCounts } from "./contracts.ts";

/** Size of a block's input region unless told otherwise. */
export const INPUT_BYTES = 2 * 1024 * 1024;

export interface LogBlockOptions {
  /** Rows after which the block is full. At most 65,536. */
  readonly maxRows?: number;
  /** Size of the region that sources read into. */
  readonly inputBytes?: number;
  /** Longer lines are cut there. Less than `inputBytes`. */
  readonly maxLineBytes?: number;
  readonly mask?: MaskOptions;
  /** How lines are joined to records; each line is one without it. */
  readonly multiline?: MultilineSettings | undefined;
  /** False: TypeScript takes every line. For tests and measurements. */
  readonly compiled?: boolean;
}

/** Resource and time of a record that does not bring its own. */
export interface RecordDefaults extends Partial<Resource> {
  /** ns since 1970; also the timestamp where a record has none. */
  readonly observed: bigint;
}

const ALL_DETECTORS: readonly Detector[] = ["email", "card", "ssn", "key"];
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const OPENING_BRACE = 123;
const [DIGIT_0, DIGIT_9] = [48, 57];
const NS_PER_SECOND = 1_000_000_000n;
const MAX_NS = 0x7fff_ffff_ffff_ffffn;

/** One byte of invalid UTF-8 becomes the three of U+FFFD. */
const MAX_GROWTH = 3;
const ROW_SLACK_BYTES = 64 * 1024;

const MAX_LEARNED_KEY_LENGTH = 256;

/** After so many lines in a row that the compiled row pass left to TypeScript, so is the rest of the chunk. */
const MAX_LEFT_IN_A_ROW = 8;

/** No line was written: the block has no room for it. */
const NO_ROOM = -1;

export class LogBlock {
  readonly counts: RowCounts;
  /** Of the records, those that the compiled row pass took. */
  compiledRecords = 0;
  /** The arena's input region; at least 64 bytes behind it are the arena's too. */
  readonly input: Buffer;

  readonly #maxLineBytes: number;
  readonly #detectors: ReadonlySet<Detector>;
  readonly #columns: LogColumns;
  readonly #masker: TextMasker;
  readonly #shapes: ShapeTrie;
  readonly #timestamps: TimestampParser;
  readonly #fast: FastRow;
  readonly #slow: SlowRow;
  readonly #plain: PlainRow;
  readonly #defaults: StreamDefaults;
  readonly #encoder: BlockEncoder;
  readonly #compiled: WasmRowPass | undefined;
  readonly #finder: RecordFinder | undefined;
  readonly #joinsJson: boolean;
  /** A line that begins with a digit never continues the one before it. */
  readonly #endsBeforeDigit: boolean;
  readonly #left: LeftLines;
  #recallMs = 0;
  /** A row did not fit. */
  #blocked = false;

  /** State of one `appendLines`: time, defaults, and what is known about the whole chunk. */
  #seconds = 0;
  #nanoseconds = 0;
  #row: RowDefaults = { service: 0, host: 0, environment: 0, attributes: [] };
  #rowKeys: readonly number[] = [];
  /** Where the stream's attribute values stand in this block, once a row has them; -1 before. */
  #rowValues = -1;
  #rowValuesLength = 0;
  #marks: LineMarks | undefined;
  /** Which of the marks is the current line's. */
  #mark = 0;
  #chunkIsUtf8 = true;
  #chunkHasNul = false;
  /** End of the complete lines; whether a record that may go on can be left there. */
  #limit = 0;
  #mayLeave = false;
  #leftInARow = 0;
  /** Whether access logs may be taken by the compiled row pass: no rule of the user joins lines, and the stream has no attribute of their names. */
  #accessLane = false;
  /** False where the user named another format for the stream. */
  #chunkMayBeJson = true;
  #chunkMayBeFast = true;

  constructor(options: LogBlockOptions = {}) {
    const { maxRows = 16_384, inputBytes = INPUT_BYTES, maxLineBytes = 1024 * 1024, multiline } = options;
    if (maxLineBytes >= inputBytes) throw new RangeError("maxLineBytes must be less than inputBytes");
    if (maxRows > 0x10000) throw new RangeError("maxRows must be at most 65,536");
    const detectors = new Set(options.mask?.enabled === false ? [] : (options.mask?.detectors ?? ALL_DETECTORS));
    const masked = newMaskCounts();
    this.counts = { lines: 0, records: 0, blank: 0, joined: 0, filtered: 0, cut: 0, invalidUtf8: 0, nul: 0, slow: 0, malformed: 0, masked };
    this.#maxLineBytes = maxLineBytes;
    this.#detectors = detectors;
    const maxTextBytes = Math.max(inputBytes, maxLineBytes * MAX_GROWTH);
    const columns = new LogColumns({ maxRows, inputBytes: maxTextBytes, maxRowBytes: maxTextBytes * 2 + ROW_SLACK_BYTES });
    const scanner = new Scanner(columns.arena);
    this.#columns = columns;
    this.input = columns.arena.buffer.subarray(columns.input, columns.input + inputBytes);
    this.#masker = new TextMasker(columns.arena, detectors, masked);
    this.#shapes = new ShapeTrie(columns.arena, scanner, columns.keys, columns.shapeNodes, columns.shapeLiterals);
    this.#compiled = options.compiled === false ? undefined : WasmRowPass.open(columns, detectors, maxLineBytes);
    this.#timestamps = new TimestampParser(columns.arena.bytes);
    this.#fast = new FastRow(columns, this.#shapes, scanner, this.#timestamps, detectors, masked, this.#compiled && new SeverityMemo(columns.arena, columns.levels));
    this.#slow = new SlowRow(columns, this.#timestamps, detectors, masked, maxTextBytes);
    this.#plain = new PlainRow(columns, this.#slow);
    this.#defaults = new StreamDefaults(columns);
    this.#encoder = new BlockEncoder(columns, this.#compiled && ((ids, count, target) => this.#compiled!.narrow(ids, count, target)));
    this.#finder = multiline && createRecordFinder({ ...multiline, maxBytes: Math.min(multiline.maxBytes, maxLineBytes) });
    this.#joinsJson = this.#finder?.joinsJson ?? false;
    this.#endsBeforeDigit = this.#finder?.endsBeforeDigit ?? true;
    this.#left = new LeftLines(multiline?.lingerMs ?? 0);
  }

  get rows(): number {
    return this.#columns.rows;
  }

  /** True when it must be encoded and reset before more can be appended. */
  get full(): boolean {
    return this.#blocked || !this.#columns.hasRoom;
  }

  /** ms after which what the last `appendLines` left of whole lines is to be appended again; 0: none. */
  get recallMs(): number {
    return this.#recallMs;
  }

  /** Smallest timestamp of the rows, ns since 1970; 0n without rows. */
  get firstNs(): bigint {
    return this.#columns.range.firstNs;
  }

  get lastNs(): bigint {
    return this.#columns.range.lastNs;
  }

  /**
   * Takes the complete lines in `input[start, end)` until the block is full. Returns the index after
   * the last line taken: `start` when there is no whole line, or no room (then `full` is true). With
   * `final` the unterminated rest is a line too. A line that fills the whole input is cut, and its
   * rest, in later calls for the same stream, is skipped. A record of several lines is one row; its
   * lines are left while more may follow (`recallMs`), if the stream can be recalled. `marks` give
   * time and level to lines without.
   */
  appendLines(stream: LineStream, start: number, end: number, observedNs: bigint, final = false, marks?: LineMarks): number {
    this.#recallMs = 0;
    if (end <= start) return start;
    const { buffer, bytes } = this.#columns.arena;
    const base = this.#columns.input;
    let at = base + start;
    if (stream.isSkipping) {
      at = this.#skipRest(stream, at, base + end);
      if (at === base + end) return end;
    }
    let limit = buffer.lastIndexOf(NEWLINE, base + end - 1) + 1;
    if (limit <= at) limit = at;
    const fillsInput = limit === at && start === 0 && end === this.input.length;
    if ((final || fillsInput) && limit < base + end) {
      bytes[base + end] = NEWLINE;
      limit = base + end + 1;
    }
    if (limit === at) return at - base;
    if (!this.#openChunk(stream, at, limit, observedNs)) return at - base;
    const { messageEnd, valueEnd } = this.#columns;
    this.#limit = limit;
    this.#mayLeave = !final && stream.recall !== undefined;
    this.#marks = marks;
    this.#mark = 0;
    while (at < limit) {
      if (marks) this.#findMark(marks, at - base);
      at = this.#takeKnownLines(at, limit);
      if (at === limit) break;
      if (marks) this.#findMark(marks, at - base);
      const next = this.#columns.hasRoom ? this.#takeRecord(at) : NO_ROOM;
      if (next === at) {
        const isAll = start === 0 && at === base;
        const isFull = isAll && end === this.input.length;
        this.#recallMs = isFull ? 0 : this.#left.waitMs(stream, base + end - at, isAll, this.#finder!.wait, observedNs);
        if (this.#recallMs > 0) break;
        this.#mayLeave = false;
        continue;
      }
      if (next === NO_ROOM) {
        this.#blocked = true;
        break;
      }
      at = next;
    }
    if (this.#detectors.size > 0) this.#maskTexts(messageEnd, valueEnd);
    if (fillsInput && !final && at === limit) stream.isSkipping = true;
    return Math.min(at - base, end);
  }

  /**
   * Takes a record of a door that has parsed it; masks it too. Returns false, and takes nothing,
   * when the block has no room for it.
   */
  appendRecord(record: IncomingLog, defaults: RecordDefaults): boolean {
    const columns = this.#columns;
    const resource = {
      service: record.service ?? defaults.service ?? "",
      host: record.host ?? defaults.host ?? "",
      environment: record.environment ?? defaults.environment ?? "",
      attributes: defaults.attributes ?? {},
    };
    if (columns.rows === 0) this.#dropLargeDictionaries();
    const row = columns.hasRoom ? this.#defaults.make(resource) : undefined;
    if (!row) {
      this.#blocked = true;
      return false;
    }
    this.#setObserved(record.observed ?? defaults.observed);
    columns.beginRow(this.#seconds, this.#nanoseconds, row.service, row.host, row.environment);
    const attributes = new Map(Object.entries(record.attributes ?? {}));
    const { timestamp } = record;
    if (timestamp !== undefined && (timestamp < 0n || timestamp > MAX_NS)) attributes.set("timestamp", String(timestamp));
    else if (timestamp !== undefined) columns.setTimestamp(Number(timestamp / NS_PER_SECOND), Number(timestamp % NS_PER_SECOND));
    columns.arena.bytes[columns.severities + columns.rows] = isSeverity(record.severity) ? record.severity : 0;
    this.#slow.writeField(ROLE.MESSAGE, record.message);
    if (record.traceId) this.#keepOdd(ROLE.TRACE_ID, "trace_id", record.traceId, attributes);
    if (record.spanId) this.#keepOdd(ROLE.SPAN_ID, "span_id", record.spanId, attributes);
    this.#slow.writeAttributes(attributes, row);
    for (const { key, text } of row.attributes) columns.addAttributeText(key, text);
    columns.setPatternAndWeight(record.pattern ?? 0n, record.weight ?? 1);
    columns.commitRow();
    this.counts.records++;
    return true;
  }

  /** The Native block of all rows, uncompressed, in pieces to be joined; valid until the next append, encode or reset. */
  encode(key: BatchKey): readonly Uint8Array[] {
    return this.#encoder.encode(key);
  }

  sampleFields(): FieldSample | undefined {
    return sampleFields(this.#columns);
  }

  /** Empties the block. What was learned about streams and shapes stays. */
  reset(): void {
    this.#blocked = false;
    this.#columns.reset();
    this.#dropLargeDictionaries();
  }

  /** Their ids must not outlive them, so this is for an empty block. */
  #dropLargeDictionaries(): void {
    if (this.#columns.dropLargeDictionaries()) {
      this.#shapes.clear();
      this.#defaults.clear();
    }
  }

  #keepOdd(role: typeof ROLE.TRACE_ID | typeof ROLE.SPAN_ID, name: string, text: string, attributes: Map<string, string>): void {
    if (text.length > 32 || this.#slow.writeField(role, text) === "attribute") attributes.set(name, text);
  }

  #setObserved(observedNs: bigint): void {
    this.#seconds = Number(observedNs / NS_PER_SECOND);
    this.#nanoseconds = Number(observedNs % NS_PER_SECOND);
  }

  /** Index after the newline that ends the skipped line, or `end` when it is still to come. */
  #skipRest(stream: LineStream, from: number, end: number): number {
    const newline = this.#columns.arena.buffer.indexOf(NEWLINE, from);
    if (newline < 0 || newline >= end) return end;
    stream.isSkipping = false;
    return newline + 1;
  }

  /** What can be known about all lines at once, natively; false when there is no room for a stream. */
  #openChunk(stream: LineStream, from: number, to: number, observedNs: bigint): boolean {
    const { buffer } = this.#columns.arena;
    if (this.#columns.rows === 0) this.#dropLargeDictionaries();
    const found = this.#columns.hasRoom ? this.#defaults.of(stream) : undefined;
    if (!found) {
      this.#blocked = true;
      return false;
    }
    if (found.newNames) this.#shapes.clear();
    this.#row = found.defaults;
    this.#plain.open(stream);
    this.#rowKeys = found.defaults.attributes.map(({ key }) => key);
    this.#rowValues = -1;
    this.#setObserved(observedNs);
    this.#leftInARow = this.#compiled?.openChunk({ ...found.defaults, observedNs }, this.#rowKeys) ? 0 : MAX_LEFT_IN_A_ROW;
    this.#accessLane = this.#endsBeforeDigit && stream.format?.transforms === undefined && ACCESS_KEYS.every((key) => !(key in stream.attributes));
    if (this.#accessLane) writeAccessKeys(this.#columns);
    const chunk = buffer.subarray(from, to);
    this.#chunkIsUtf8 = isUtf8(chunk);
    this.#chunkHasNul = chunk.includes(0);
    const { type = "auto", transforms } = stream.format ?? {};
    // A transform sees every record, so none takes a lane that makes none.
    this.#chunkMayBeJson = transforms === undefined && (type === "auto" || type === "json");
    this.#chunkMayBeFast = this.#chunkIsUtf8 && !this.#chunkHasNul && this.#chunkMayBeJson;
    return true;
  }

  /** How the compiled row pass may take the line at `from`; undefined: not at all. */
  #laneOf(from: number): Lane | undefined {
    const first = this.#columns.arena.bytes[from]!;
    if (first === OPENING_BRACE) return this.#chunkMayBeFast && !this.#joinsJson ? LANE.JSON : undefined;
    if (first < DIGIT_0 || first > DIGIT_9 || !this.#accessLane || this.#plain.firstParser !== access) return undefined;
    return this.#finder ? LANE.ACCESS_IF_FOLLOWED : LANE.ACCESS;
  }

  /** Hands lines to the compiled row pass; index after those that it took. */
  #takeKnownLines(from: number, limit: number): number {
    const columns = this.#columns;
    // The first row of a chunk is TypeScript's: it writes the stream's attributes that others repeat.
    if (!this.#compiled || this.#rowValues < 0 || this.#leftInARow === MAX_LEFT_IN_A_ROW || !columns.hasRoom) return from;
    const lane = this.#laneOf(from);
    if (lane === undefined) return from;
    const { rows } = columns;
    const at = this.#compiled.run(lane, from, limit, this.#rowValues, this.#rowValuesLength);
    const taken = columns.rows - rows;
    if (lane !== LANE.JSON) this.#plain.tookElsewhere(taken);
    if (this.#marks) for (let row = rows; row < columns.rows; row++) columns.fillIn(row, this.#marks, this.#mark + row - rows);
    this.counts.lines += taken;
    this.counts.records += taken;
    this.compiledRecords += taken;
    this.#leftInARow = at === from ? this.#leftInARow + 1 : 0;
    return at;
  }

  /** Masks the texts of all rows appended since the columns ended at these places. */
  #maskTexts(messagesFrom: number, valuesFrom: number): void {
    const columns = this.#columns;
    if (!this.#compiled) {
      columns.messageEnd = this.#masker.rewrite(messagesFrom, columns.messageEnd);
      columns.valueEnd = this.#masker.rewrite(valuesFrom, columns.valueEnd);
      return;
    }
    const { messages, values } = this.#compiled.hits();
    columns.messageEnd = this.#masker.rewrite(messagesFrom, columns.messageEnd, messages);
    columns.valueEnd = this.#masker.rewrite(valuesFrom, columns.valueEnd, values);
  }

  /** Index after the record at `from`; `from` itself when it is left; or NO_ROOM. */
  #takeRecord(from: number): number {
    if (this.#columns.arena.bytes[from] === OPENING_BRACE && this.#chunkMayBeFast && !this.#joinsJson) {
      this.#beginRow();
      const newline = this.#fast.walk(from);
      if (newline >= 0 && newline - from <= this.#maxLineBytes) {
        this.#commitRow();
        return newline + 1;
      }
      this.#columns.rollbackRow();
    }
    return this.#takeOtherLine(from);
  }

  #takeOtherLine(from: number): number {
    const { buffer, bytes } = this.#columns.arena;
    const newline = buffer.indexOf(NEWLINE, from);
    let to = newline > from && bytes[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
    const first = firstNonBlank(bytes, from, to);
    if (first === to) {
      this.counts.lines++;
      this.counts.blank++;
      return newline + 1;
    }
    let end = newline + 1;
    let lines = 1;
    if (this.#finder) {
      end = this.#finder.find(buffer, from, newline, this.#limit);
      if (this.#finder.wait !== WAIT.NOT && this.#mayLeave) return from;
      lines = this.#finder.lines;
      if (lines > 1) [from, to] = withoutReturns(this.#columns, from, end - 1);
    }
    const cut = to - from > this.#maxLineBytes;
    if (cut) to = from + endOfLastCharacter(bytes.subarray(from, from + this.#maxLineBytes));
    const isText = this.#chunkIsUtf8 || isUtf8(bytes.subarray(from, to));
    this.#beginRow();
    const outcome = bytes[first] === OPENING_BRACE && this.#chunkMayBeJson ? this.#writeJson(from, to, isText && lines === 1) : this.#plain.write(from, to, this.#seconds, this.#row);
    if (outcome !== WRITTEN) {
      this.#columns.rollbackRow();
      if (outcome === FULL) return NO_ROOM;
      this.counts.lines += lines;
      this.counts.joined += lines - 1;
      this.counts.filtered++;
      return end;
    }
    if (lines > 1) this.#countJoined(lines - 1);
    this.#commitRow();
    if (cut) this.counts.cut++;
    if (!isText) this.counts.invalidUtf8++;
    if (this.#chunkHasNul && bytes.subarray(from, to).includes(0)) this.counts.nul++;
    return end;
  }

  /** Books the lines below a row's first, before it is committed. A stack trace without a level is an error. */
  #countJoined(lines: number): void {
    const { arena, severities, rows } = this.#columns;
    this.counts.lines += lines;
    this.counts.joined += lines;
    if (this.#finder!.isTrace && arena.bytes[severities + rows] === 0) arena.bytes[severities + rows] = SEVERITY.ERROR;
  }

  /** A line that is no JSON object after all is kept as text. */
  #writeJson(from: number, to: number, isText: boolean): WriteOutcome {
    const { buffer } = this.#columns.arena;
    const leaves = parseJsonLeaves(buffer.toString("utf8", from, to));
    if (!leaves || isDockerLine(leaves)) {
      const outcome = this.#plain.write(from, to, this.#seconds, this.#row);
      if (outcome === WRITTEN && !leaves) this.counts.malformed++;
      return outcome;
    }
    if (!this.#slow.writeLeaves(leaves, this.#row)) return FULL;
    this.counts.slow++;
    if (isText) this.#shapes.learn(from, to, (key) => this.#isPlainKey(key));
    return WRITTEN;
  }

  /** Keys that the fast path may write as they are. */
  #isPlainKey(key: string): boolean {
    return key.length <= MAX_LEARNED_KEY_LENGTH && !this.#defaults.isReserved(key) && maskText(key, newMaskCounts(), this.#detectors) === key;
  }

  #beginRow(): void {
    const { service, host, environment } = this.#row;
    this.#columns.beginRow(this.#seconds, this.#nanoseconds, service, host, environment);
    if (this.#marks && this.#marks.seconds[this.#mark]! >= 0) this.#columns.setTimestamp(this.#marks.seconds[this.#mark]!, this.#marks.nanoseconds[this.#mark]!);
  }

  #findMark({ ends }: LineMarks, index: number): void {
    while (ends[this.#mark]! <= index) this.#mark++;
  }

  #commitRow(): void {
    const columns = this.#columns;
    if (this.#marks && columns.arena.bytes[columns.severities + columns.rows] === 0) columns.arena.bytes[columns.severities + columns.rows] = this.#marks.severities[this.#mark]!;
    if (this.#rowValues >= 0) columns.repeatAttributes(this.#rowKeys, this.#rowValues, this.#rowValuesLength);
    else {
      this.#rowValues = columns.valueEnd;
      for (const { key, text } of this.#row.attributes) columns.addAttributeText(key, text);
      this.#rowValuesLength = columns.valueEnd - this.#rowValues;
    }
    columns.commitRow();
    this.counts.lines++;
    this.counts.records++;
  }
}

/** The lines [from, newline) as they are, or in the scratch region without the returns at their ends. */
const withoutReturns = ({ arena: { bytes }, scratch }: LogColumns, from: number, newline: number): [from: number, to: number] => {
  if (!bytes.subarray(from, newline).includes(CARRIAGE_RETURN)) return [from, newline];
  let to = scratch;
  for (let at = from; at < newline; at++) if (bytes[at] !== CARRIAGE_RETURN || bytes[at + 1] !== NEWLINE) bytes[to++] = bytes[at]!;
  bytes[to] = NEWLINE;
  return [scratch, to];
};

const firstNonBlank = (bytes: Uint8Array, from: number, to: number): number => {
  let at = from;
  while (at < to && (bytes[at] === 32 || bytes[at] === 9 || bytes[at] === CARRIAGE_RETURN)) at++;
  return at;
};

const isSeverity = (value: number | undefined): value is number => value !== undefined && Number.isInteger(value) && value >= 0 && value <= 24;
