/** The parser that the option `parser` asks for. */

import type { LineFormat } from "../core/line-format.ts";
import type { CustomParser } from "../core/custom-parser.ts";
import { compileGrok, compileRegex, type UserPattern } from "../core/user-pattern.ts";
import { recordOfPairs } from "./formats/pairs.ts";
import { PARSERS_BY_NAME } from "./registry.ts";
import { StreamParser } from "./stream-parser.ts";
import type { LineParser } from "./text/record.ts";
import { LocalZone } from "./text/zone.ts";

/** Groups have roles by their names, as fields of JSON lines; without a message group the line is the message. */
export const patternParserOf = (name: string, pattern: UserPattern): LineParser => ({
  name,
  description: "A pattern of the user's.",
  detect: () => true,
  parse(line, context) {
    const pairs = pattern.match(line);
    if (!pairs) return undefined;
    const record = recordOfPairs(pairs, context);
    if (record.message === "") record.message = line;
    return record;
  },
});

/** Fields have roles by their names, too. */
const customParserOf = (custom: CustomParser): LineParser => ({
  name: "custom",
  description: "A module of the user's.",
  detect: () => true,
  parse(line, context) {
    const pairs = custom.parse(line);
    if (!pairs) return undefined;
    const record = recordOfPairs(pairs, context);
    if (record.message === "") record.message = line;
    return record;
  },
});

const parserOf = ({ type, pattern = "", definitions, custom }: LineFormat): LineParser | undefined => {
  if (type === "auto") return undefined;
  if (type === "regex") return patternParserOf(type, compileRegex(pattern));
  if (type === "grok") return patternParserOf(type, compileGrok(pattern, definitions));
  if (type === "custom") {
    if (!custom) throw new Error("BUG: the custom parser was not loaded");
    return customParserOf(custom);
  }
  const parser = PARSERS_BY_NAME.get(type);
  if (!parser) throw new Error(`BUG: there is no parser ${type}`);
  return parser;
};

/** Compiled once for all streams that share an option. */
const compiled = new WeakMap<LineFormat, LineParser | undefined>();

/** A parser with a memory of its own, for one stream. Throws on a pattern that the configuration should have refused. */
export const streamParserOf = (format: LineFormat | undefined): StreamParser => {
  if (!format) return new StreamParser();
  if (!compiled.has(format)) compiled.set(format, parserOf(format));
  return new StreamParser({ parser: compiled.get(format), zone: new LocalZone(format.timezone) });
};
