/** What stands behind a message: its logger, or where in the source it was written. */

import { parseJsonLeaves } from "../json-leaves.ts";
import type { ParsedRecord } from "./record.ts";

const TRAILING_LOGGER = /\s\(([A-Za-z_][\w$]*(?:\.[\w$]+)+)\)$/;
const TRAILING_SOURCE = /\s[([]([\w./-]+):(\d+)[)\]]$/;

/** log4j's and others' `message (logger)` and `message (file:line)`: the message without it. */
export const takeTrailer = (record: ParsedRecord, message: string): string => {
  if ((!message.endsWith(")") && !message.endsWith("]")) || message.includes("\n")) return message;
  const { attributes } = record;
  const held = attributes.get("logger");
  const logger = held?.includes(".") === true ? undefined : TRAILING_LOGGER.exec(message);
  if (logger) {
    attributes.set("logger", logger[1]!);
    record.set("tag", held);
    return message.slice(0, logger.index);
  }
  const source = attributes.has("code.file.path") ? undefined : TRAILING_SOURCE.exec(message);
  if (!source || /^(?:[\d.]+|pid|tid|port|line|code|id|status)$/.test(source[1]!)) return message;
  record.setAll({ "code.file.path": source[1], "code.line.number": source[2] });
  return message.slice(0, source.index);
};

/** Monolog's LineFormatter: `[time] channel.LEVEL: message context extra`. */
const MONOLOG = /^\[[^\]]{8,48}\] [\w. -]{1,64}\.[A-Z]{4,9}: /;
/** Starts of objects that are tried. */
const MAX_STARTS = 4;

/** The message without the fields that Monolog, or zap's console encoder behind a tab, write behind it as JSON. */
export const withoutContext = (message: string, line: string): string => {
  const last = message.trimEnd().at(-1);
  if (last !== "}" && last !== "]") return message;
  const tab = message.lastIndexOf("\t{");
  if (tab > 0) return parseJsonLeaves(message.slice(tab + 1)) ? message.slice(0, tab) : message;
  if (!MONOLOG.test(line)) return message;
  // Context and extra; both are arrays when they are empty.
  return withoutFields(withoutFields(message));
};

const withoutFields = (message: string): string => {
  const text = message.trimEnd();
  if (text.endsWith("[]")) return text.slice(0, -2).trimEnd();
  if (!text.endsWith("}")) return message;
  for (let start = text.indexOf('{"'), count = 0; start > 0 && count < MAX_STARTS; start = text.indexOf('{"', start + 1), count++)
    if (text[start - 1] === " " && parseJsonLeaves(text.slice(start))) return text.slice(0, start).trimEnd();
  return message;
};
