/** A line within a line: what syslog, a container runtime or a prefix carries. */

import { ParsedRecord, type LineParser, type ParseContext } from "../text/record.ts";
import { readFacts } from "../text/facts.ts";
import { readHeader, withoutColours } from "../text/header.ts";
import { readProgram } from "./programs/index.ts";
import { severityNearStart, severityOfText } from "../text/level.ts";

/** A year and a zone: the event's own time, which is worth more than when it was passed on. */
const EXPLICIT = 3;

/**
 * Reads `text` into `record`, which has what the envelope says. The inner line's fields win over the
 * envelope's. Text of no known format stays whole as the message; its header and facts are read, or
 * what is known of the messages of the program that the envelope names.
 */
export const readInner = (record: ParsedRecord, text: string, context: ParseContext, parsers: readonly LineParser[], keepTime = false): void => {
  const envelopeTime = { seconds: record.seconds, nanoseconds: record.nanoseconds, text: record.timestampText, explicitness: record.timeExplicitness };
  const parser = parsers.find((candidate) => candidate.detect(text));
  const inner = parser?.parse(text, context) ?? firstOf(parsers, parser, text, context) ?? readText(text, context, record.service);
  record.message = inner.message === "" ? text : inner.message;
  for (const [name, value] of inner.attributes) record.set(name, value);
  record.setSeverity(inner.severity, inner.severityText);
  for (const field of ["service", "host", "environment", "traceId", "spanId"] as const) if (inner[field] !== "") record[field] = inner[field];
  if (inner.timestampText === "") return;
  if (!keepTime && ((inner.timeExplicitness >= EXPLICIT && inner.timeExplicitness >= envelopeTime.explicitness) || envelopeTime.text === "")) {
    record.seconds = inner.seconds;
    record.nanoseconds = inner.nanoseconds;
    record.timestampText = inner.timestampText;
    record.timeExplicitness = inner.timeExplicitness;
    if (envelopeTime.text !== "") record.set("log.time", envelopeTime.text);
  } else record.set("log.time", inner.timestampText);
};

const firstOf = (parsers: readonly LineParser[], tried: LineParser | undefined, text: string, context: ParseContext): ParsedRecord | undefined => {
  if (tried === undefined) return undefined;
  for (const parser of parsers) {
    if (parser === tried || !parser.detect(text)) continue;
    const record = parser.parse(text, context);
    if (record) return record;
  }
  return undefined;
};

/** RouterOS: `system,error,critical login failure`. */
export const TOPICS = /^([a-z][a-z-]*(?:,[a-z][a-z\d!-]*)+) (?=\S)/;
/** Daemons that write the level first; other words begin sentences. */
const FIRST_LEVEL = /^(debug|info|notice|warning|err) (?=[\w<[(])/;

const readText = (text: string, context: ParseContext, program: string): ParsedRecord => {
  const record = new ParsedRecord();
  const plain = withoutColours(text);
  const rest = readProgram(record, program, plain);
  const isKnown = rest !== plain;
  const start = isKnown ? 0 : readHeader(record, plain, 0, context);
  const topics = isKnown ? null : TOPICS.exec(plain);
  const level = isKnown || record.severity > 0 ? null : FIRST_LEVEL.exec(plain)?.[1];
  if (level) record.setSeverity(severityOfText(level), level);
  if (topics) {
    record.set("log.topics", topics[1]);
    for (const topic of topics[1]!.split(",")) record.setSeverity(severityOfText(topic), topic);
  }
  if (record.severity === 0) {
    const found = severityNearStart(plain, start);
    if (found) record.setSeverity(found.severity, found.text);
  }
  record.message = plain;
  readFacts(record, isKnown ? rest : start > 0 ? readProgram(record, "", plain.slice(start)) : plain);
  return record;
};
