/** Text lines of applications, and the last resort for any text: see text/header.ts and text/facts.ts. */

import { readFacts } from "../text/facts.ts";
import { readHeader, withoutColours } from "../text/header.ts";
import { severityNearStart } from "../text/level.ts";
import { readProgram } from "./programs/index.ts";
import { ParsedRecord, type LineParser, type ParseContext } from "../text/record.ts";
import { readException } from "../text/exception.ts";
import { takeTrailer, withoutContext } from "../text/trailer.ts";

/** Reads header and facts of `text` into a record; its message is what follows the header. */
export const readApplication = (record: ParsedRecord, text: string, context: ParseContext): void => {
  const line = withoutColours(text);
  const start = readHeader(record, line, 0, context);
  if (record.timestampText === "") findTime(record, line, context);
  if (record.severity === 0) {
    const found = severityNearStart(line, start);
    if (found) record.setSeverity(found.severity, found.text);
  }
  const message = takeTrailer(record, line.slice(start));
  record.message = message === "" && record.attributes.size === 0 && start === 0 ? text : withoutContext(message, line);
  readException(record, message);
  readFacts(record, readProgram(record, record.attributes.get("process.executable.name") ?? "", message));
};

/** Where a word or a bracketed part begins. */
const STARTS = /(?<=^|[\s[("<:])(?=[\dA-Z])/g;
const SEARCH_LENGTH = 96;

/** A time that is not at the start, but near it, and names its day: `1690466818.1 [27/Jul/2023 16:06:58] admin`. */
const findTime = (record: ParsedRecord, line: string, context: ParseContext): void => {
  for (const { index } of line.slice(0, SEARCH_LENGTH).matchAll(STARTS)) {
    const end = context.time.match(line, index, context.nowSeconds);
    if (end < 0 || context.time.explicitness < 3 || /\w/.test(line[end] ?? " ")) continue;
    record.setTime(context, line.slice(index, end));
    return;
  }
};

export const application: LineParser = {
  name: "application",
  description: "Text of applications: times, levels, threads, loggers, process ids and tags at its start, in any layout (log4j, logback, Kafka, Python, Go, .NET, Ruby, Rust and others), and named values in the message.",
  detect: () => true,
  parse(line, context) {
    const record = new ParsedRecord();
    readApplication(record, line, context);
    return record;
  },
};
