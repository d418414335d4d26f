/**
 * Patterns that users write: regular expressions with named groups, and grok. They run in linear time
 * (RE2), so that no line and no pattern can hold the agent up.
 */

import { RE2JS } from "re2js";
import { GROK_PATTERNS } from "./grok-patterns.ts";

export interface UserPattern {
  /** Names and texts of the groups that took part, in the order of the pattern; undefined without a match. */
  match(line: string): readonly (readonly [string, string])[] | undefined;
}

/** Definitions within definitions; deeper is a circle. */
const MAX_DEPTH = 32;
/** Expanded text; more is a circle or a mistake. */
const MAX_LENGTH = 64 * 1024;

/** A regular expression in RE2's syntax. Throws Error with what is wrong. */
export const compileRegex = (pattern: string): UserPattern => {
  const compiled = RE2JS.compile(pattern);
  const groups = Object.entries(compiled.namedGroups()).sort(([, a], [, b]) => a - b);
  if (groups.length === 0) throw new Error("has no named group such as (?<message>.*)");
  return matcherOf(compiled, groups);
};

/**
 * grok: `%{PATTERN:field}`, with the standard library's names and the user's own definitions. A
 * field may be dotted or `[a][b]`; a type (`:int`) is allowed and has no effect. Throws Error.
 */
export const compileGrok = (pattern: string, definitions: Readonly<Record<string, string>> = {}): UserPattern => {
  const fields: string[] = [];
  const known = { ...GROK_PATTERNS, ...definitions };
  const expand = (text: string, depth: number): string =>
    text.replace(/%\{(\w+)(?::([^:}]+))?(?::\w+)?\}/g, (_, name: string, field: string | undefined) => {
      const definition = Object.hasOwn(known, name) ? known[name]! : undefined;
      if (definition === undefined) throw new Error(`there is no grok pattern ${name}`);
      if (depth >= MAX_DEPTH) throw new Error(`the grok pattern ${name} refers to itself`);
      const group = field === undefined ? "?:" : `?P<f${fields.push(field.replace(/^\[|\]$/g, "").replaceAll("][", ".")) - 1}>`;
      const expanded = `(${group}${expand(definition, depth + 1)})`;
      if (expanded.length > MAX_LENGTH) throw new Error(`the grok pattern ${name} is too large`);
      return expanded;
    });
  const compiled = RE2JS.compile(expand(pattern, 0));
  const named = Object.entries(compiled.namedGroups()).sort(([, a], [, b]) => a - b);
  if (named.length === 0) throw new Error("has no field such as %{GREEDYDATA:message}");
  return matcherOf(compiled, named.map(([group, index]) => [/^f\d+$/.test(group) ? (fields[Number(group.slice(1))] ?? group) : group, index]));
};

const matcherOf = (compiled: RE2JS, groups: readonly (readonly [string, number])[]): UserPattern => ({
  match(line) {
    const matcher = compiled.matcher(line);
    if (!matcher.find()) return undefined;
    const found: [string, string][] = [];
    for (const [name, index] of groups) {
      const text = matcher.group(index);
      if (text !== null) found.push([name, text]);
    }
    return found;
  },
});
