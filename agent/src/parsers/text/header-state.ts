/** What the reader of a header (header.ts) knows so far; shared with that of bracketed parts (header-groups.ts). */

import { ROLE, ROLE_OF_PATH } from "../fields.ts";
import { NAMES_IN_BRACKETS } from "./header-parts.ts";
import type { ParseContext, ParsedRecord } from "./record.ts";

export class HeaderState {
  readonly record: ParsedRecord;
  /** The first line of the text. */
  readonly line: string;
  readonly context: ParseContext;
  at = 0;
  hasTime: boolean;
  hasLevel: boolean;
  /** Of a layout with bars. */
  readonly hasBars: boolean;
  readonly hasCells: boolean;
  readonly hasTabs: boolean;
  /** Loggers and their like that have been read. */
  names = 0;

  constructor(record: ParsedRecord, line: string, context: ParseContext) {
    this.record = record;
    this.line = line;
    this.context = context;
    this.hasTime = record.timestampText !== "";
    this.hasLevel = record.severity !== 0;
    this.hasBars = line.includes("|");
    this.hasCells = this.hasBars && line.includes(" | ");
    this.hasTabs = line.includes("\t");
  }

  /** What a sticky pattern finds here. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    return pattern.exec(this.line);
  }

  skip(length: number): boolean {
    this.at += length;
    return true;
  }

  setLevel(severity: number, text: string): true {
    this.record.setSeverity(severity, text);
    return (this.hasLevel = true);
  }

  takeTime(text: string): void {
    const { record, context } = this;
    const { time } = context;
    if (!this.hasTime || time.explicitness > record.timeExplicitness || (time.explicitness === record.timeExplicitness && time.nanoseconds > 0 && record.nanoseconds === 0)) {
      if (this.hasTime) record.set("log.time", record.timestampText);
      record.setTime(context, text);
      this.hasTime = true;
    } else record.set("log.time", text);
  }

  /** A number that stands alone: the process first, then the thread. */
  setNumber(text: string): void {
    this.record.set(this.record.attributes.has("process.pid") ? "thread.id" : "process.pid", text);
  }

  /** `name=value` within brackets; trace and span are known by their names. */
  setPair(name: string, value: string): void {
    const { record } = this;
    const role = ROLE_OF_PATH.get(name);
    if (role === ROLE.TRACE_ID && record.traceId === "" && isHex(value, 32)) record.traceId = value.toLowerCase();
    else if (role === ROLE.SPAN_ID && record.spanId === "" && isHex(value, 16)) record.spanId = value.toLowerCase();
    else record.set(NAMES_IN_BRACKETS.get(name) ?? name, value);
  }

  /** A class or module; what a bracket held that was taken for it before is a tag. */
  setLogger(name: string): void {
    const { attributes } = this.record;
    const held = attributes.get("logger");
    attributes.set("logger", name);
    if (held !== undefined && held !== name) this.record.set("tag", held);
  }
}

export const isHex = (text: string, digits: number): boolean => text.length === digits && /^[\da-f]+$/i.test(text);
