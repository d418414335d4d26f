/**
 * What a parser makes of a line. Texts are as written; what a parser does not understand stays in
 * the message. Names of attributes are OpenTelemetry's where it has one, else the format's own.
 */

import type { LocalZone } from "./zone.ts";
import { TextTime } from "./time.ts";

/** Shared by all lines of one stream. */
export class ParseContext {
  readonly time: TextTime;
  /** Of the chunk that the line came in: gives the year to times without one. */
  nowSeconds = 0;
  /** Names of columns that a header line of the stream gave (W3C, CSV). */
  columns: readonly string[] | undefined;
  /** The day that such a header named, for rows with a time alone. */
  day: string | undefined;

  constructor(zone?: LocalZone) {
    this.time = new TextTime(zone);
  }
}

export class ParsedRecord {
  /** Of the event, since 1970; NaN when the line does not say. */
  seconds = Number.NaN;
  nanoseconds = 0;
  /** As in the line. The row keeps the number alone. */
  timestampText = "";
  timeExplicitness = -1;
  /** OpenTelemetry's number, 0 when the line does not say. */
  severity = 0;
  severityText = "";
  message = "";
  service = "";
  host = "";
  environment = "";
  traceId = "";
  spanId = "";
  readonly attributes = new Map<string, string>();

  /** Keeps the first value of a name; later ones get a number. Nothing is set for undefined. */
  set(name: string, value: string | undefined): void {
    if (value === undefined) return;
    const { attributes } = this;
    if (!attributes.has(name)) {
      attributes.set(name, value);
      return;
    }
    for (let count = 2; count <= MAX_SAME_NAME; count++) {
      const held = attributes.get(count === 2 ? name : `${name}.${count - 1}`);
      if (held === value) return;
      const numbered = `${name}.${count}`;
      if (attributes.has(numbered)) continue;
      attributes.set(numbered, value);
      return;
    }
  }

  setAll(values: Readonly<Record<string, string | undefined>>): void {
    for (const name in values) this.set(name, values[name]);
  }

  setSeverity(severity: number, text: string): void {
    if (severity === 0) return;
    this.severity = severity;
    this.severityText = text;
  }

  /** Takes the time that `context.time` matched last. */
  setTime(context: ParseContext, text: string): void {
    this.seconds = context.time.seconds;
    this.nanoseconds = context.time.nanoseconds;
    this.timeExplicitness = context.time.explicitness;
    this.timestampText = text;
  }

  /** Reads `text` as the time of the event; false, and nothing is set, when it is none. */
  readTime(context: ParseContext, text: string): boolean {
    if (!context.time.matchAll(text, context.nowSeconds)) return false;
    this.setTime(context, text);
    return true;
  }
}

const MAX_SAME_NAME = 9;

/** One format. Detection is parsing: a format that takes a line by half is not that line's format. */
export interface LineParser {
  /** As in the option `parser.type`. */
  readonly name: string;
  /** One sentence for the reference. */
  readonly description: string;
  /** A cheap look at whether `parse` is worth a try. */
  detect(line: string): boolean;
  /** undefined when the line is not of this format. */
  parse(line: string, context: ParseContext): ParsedRecord | undefined;
}
