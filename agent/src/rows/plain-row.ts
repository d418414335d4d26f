/**
 * Text lines: the stream's parser makes a record of the decoded line, and its fields go to the same
 * columns, under the same limits and through the same masks as those of JSON lines. The line is masked
 * before it is taken apart, so that no half of an address or number passes as a value of its own.
 */

import type { LineStream } from "../core/contracts.ts";
import type { CustomTransform } from "../core/custom-transform.ts";
import type { StreamParser } from "../parsers/stream-parser.ts";
import { ROLE } from "../parsers/fields.ts";
import type { LineParser } from "../parsers/text/record.ts";
import { asMessage, transformed } from "../parsers/transformed.ts";
import { streamParserOf } from "../parsers/user-parser.ts";
import type { LogColumns } from "./columns.ts";
import type { RowDefaults } from "./contracts.ts";
import type { SlowRow } from "./slow-row.ts";

/** A longer line is a document rather than a log line: it is kept as text, unparsed. */
const MAX_PARSED_BYTES = 64 * 1024;

/** What became of a line. FULL: a dictionary has no room; DROPPED: a transform does not want it. */
export const WRITTEN = 0;
export const FULL = 1;
export const DROPPED = 2;
export type WriteOutcome = typeof WRITTEN | typeof FULL | typeof DROPPED;

export class PlainRow {
  readonly #columns: LogColumns;
  readonly #slow: SlowRow;
  readonly #parsers = new WeakMap<LineStream, StreamParser>();
  readonly #maskDigits: (text: string) => string;
  #parser: StreamParser | undefined;
  #transforms: readonly CustomTransform[] | undefined;

  constructor(columns: LogColumns, slow: SlowRow) {
    this.#columns = columns;
    this.#slow = slow;
    this.#maskDigits = (text) => slow.maskDigits(text);
  }

  /** The lines that follow are of this stream. */
  open(stream: LineStream): void {
    let parser = this.#parsers.get(stream);
    if (!parser) this.#parsers.set(stream, (parser = streamParserOf(stream.format)));
    this.#parser = parser;
    this.#transforms = stream.format?.transforms;
  }

  /** The parser that has the first word on lines of the open stream. */
  get firstParser(): LineParser | undefined {
    return this.#parser!.first;
  }

  /** That parser's lines which the compiled row pass took. */
  tookElsewhere(lines: number): void {
    this.#parser!.tookElsewhere(lines);
  }

  /** Writes the line [from, to) into the row that has been begun. */
  write(from: number, to: number, nowSeconds: number, defaults: RowDefaults): WriteOutcome {
    const columns = this.#columns;
    const slow = this.#slow;
    const text = columns.arena.buffer.toString("utf8", from, to);
    const isLong = to - from > MAX_PARSED_BYTES;
    if (isLong && !this.#transforms) {
      slow.writeMessage(text);
      return WRITTEN;
    }
    const parsed = isLong ? asMessage(text) : this.#parser!.parse(slow.maskDivisible(text), nowSeconds);
    const record = this.#transforms ? transformed(parsed, this.#transforms) : parsed;
    if (!record) return DROPPED;
    if (!Number.isNaN(record.seconds)) columns.setTimestamp(record.seconds, record.nanoseconds);
    columns.arena.bytes[columns.severities + columns.rows] = record.severity;
    slow.writeMessage(record.message);
    const { attributes } = record;
    // Names stand in dictionaries, unmasked columns: they are masked here.
    const name = (role: typeof ROLE.SERVICE | typeof ROLE.HOST | typeof ROLE.ENVIRONMENT, path: string, value: string): boolean => {
      const outcome = value === "" ? "written" : slow.writeField(role, slow.maskName(value));
      if (outcome === "attribute") attributes.set(path, value);
      return outcome !== "full";
    };
    if (!name(ROLE.SERVICE, "service.name", record.service) || !name(ROLE.HOST, "host.name", record.host) || !name(ROLE.ENVIRONMENT, "deployment.environment.name", record.environment)) return FULL;
    if (record.traceId !== "") slow.writeField(ROLE.TRACE_ID, record.traceId);
    if (record.spanId !== "") slow.writeField(ROLE.SPAN_ID, record.spanId);
    // What a transform made up was never masked as a whole.
    slow.writeAttributes(attributes, defaults, this.#transforms ? undefined : this.#maskDigits);
    return WRITTEN;
  }
}
