/** What stands behind a message: its logger, or where in the source it was written. */

import type { ParsedRecord } from "./record.ts";

const TRAILING_LOGGER = /\s\(([A-Za-z_][\w$]*(?:\.[\w$]+)+)\)$/;
const TRAILING_SOURCE = /\s[([]([\w./-]+):(\d+)[)\]]$/;

/** log4j's and others' `message (logger)` and `message (file:line)`: the message without it. */
export const takeTrailer = (record: ParsedRecord, message: string): string => {
  if ((!message.endsWith(")") && !message.endsWith("]")) || message.includes("\n")) return message;
  const { attributes } = record;
  const logger = attributes.has("logger") ? undefined : TRAILING_LOGGER.exec(message);
  if (logger) {
    record.set("logger", logger[1]);
    return message.slice(0, logger.index);
  }
  const source = attributes.has("code.file.path") ? undefined : TRAILING_SOURCE.exec(message);
  if (!source || /^[\d.]+$/.test(source[1]!)) return message;
  record.setAll({ "code.file.path": source[1], "code.line.number": source[2] });
  return message.slice(0, source.index);
};
