/**
 * Formats that one pattern describes. Group names say what a part is: `time`, `level`, `message`,
 * `service`, `host`, `status`, `request` and `target` are understood; `x__address` is split into
 * `x.address` and `x.port`; every other group is an attribute, `_` standing for a dot and `__` for `_`.
 */

import { plainAddress, setAddress, setRequest, setStatus, setTarget } from "../text/http.ts";
import { severityOfMark } from "../text/level.ts";
import { ParsedRecord, type LineParser, type ParseContext } from "../text/record.ts";
import { readFacts } from "../text/facts.ts";

export interface PatternFormat {
  readonly name: string;
  readonly description: string;
  /** A cheap pattern that most other lines do not match. */
  readonly detect: RegExp;
  /** Tried in turn; anchored at both ends. */
  readonly patterns: readonly RegExp[];
  /** Level words of this format alone. */
  readonly levels?: Readonly<Record<string, number>>;
  /** Attribute name of a group, where the rule above does not give it. */
  readonly names?: Readonly<Record<string, string>>;
  /** Whether named values are looked for in the message. */
  readonly facts?: boolean;
  /** For what a pattern cannot say. Returns false when the line is of another format after all. */
  readonly finish?: (record: ParsedRecord, groups: Readonly<Record<string, string | undefined>>, context: ParseContext) => boolean;
}

export const patternParser = (format: PatternFormat): LineParser => ({
  name: format.name,
  description: format.description,
  detect: (line) => format.detect.test(line),
  parse(line, context) {
    for (const pattern of format.patterns) {
      const groups = pattern.exec(line)?.groups;
      const record = groups && recordOf(format, groups, context);
      if (record) return record;
    }
    return undefined;
  },
});

const recordOf = (format: PatternFormat, groups: Readonly<Record<string, string | undefined>>, context: ParseContext): ParsedRecord | undefined => {
  const record = new ParsedRecord();
  for (const name in groups) {
    const value = groups[name];
    if (value === undefined) continue;
    if (name === "time") {
      if (!record.readTime(context, value)) return undefined;
    } else take(record, format, name, value);
  }
  if (format.facts !== false) readFacts(record, record.message);
  return format.finish?.(record, groups, context) === false ? undefined : record;
};

/** Puts groups where their names say; not `time`, which can be wrong. */
export const takeGroups = (record: ParsedRecord, groups: Readonly<Record<string, string | undefined>>): void => {
  for (const name in groups) if (groups[name] !== undefined) take(record, {}, name, groups[name]);
};

const take = (record: ParsedRecord, format: Pick<PatternFormat, "levels" | "names">, name: string, value: string): void => {
  switch (name) {
    case "level":
      record.setSeverity(format.levels?.[value] ?? severityOfMark(value), value);
      return;
    case "message":
    case "service":
    case "host":
      record[name] = value;
      return;
    case "status":
      setStatus(record, value);
      return;
    case "request":
      setRequest(record, value);
      return;
    case "target":
      setTarget(record, value);
      return;
    default:
      if (name.endsWith("__address")) setAddress(record, name.slice(0, -"__address".length).replaceAll("_", "."), value);
      else if (name.endsWith("_address")) record.set(format.names?.[name] ?? nameOf(name), plainAddress(value));
      else record.set(format.names?.[name] ?? nameOf(name), value);
  }
};

const nameOf = (group: string): string => group.replaceAll("__", "\0").replaceAll("_", ".").replaceAll("\0", "_");
