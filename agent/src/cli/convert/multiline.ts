/** Patterns by which other agents join lines, as our `multiline`. Ours runs on RE2: a pattern that it does not take has no equal. */

import { configSchema } from "../../config/schema.ts";
import { isOn, NO_SUCH_OPTION, seconds, type FileGroup } from "./conversion.ts";

export interface Joining {
  start?: string;
  continuation?: string;
  end?: string;
  linger?: string;
  max_lines?: number;
}

/** Takes it over, or returns why not. */
export const join = (group: FileGroup, joining: Joining | undefined, more: { readonly linger?: unknown; readonly maxLines?: unknown } = {}): string | void => {
  if (joining === undefined) return NO_SUCH_OPTION;
  const linger = seconds(more.linger);
  const multiline: Joining = { ...joining, ...(linger !== undefined && { linger }), ...(/^\d+$/.test(String(more.maxLines)) && { max_lines: Number(more.maxLines) }) };
  // `$` is a variable's sign in our files.
  const checked = configSchema.shape.files.safeParse([{ include: ["x"], multiline }]);
  if (!checked.success) return `RE2 does not take it: ${checked.error.issues[0]!.message}`;
  const escaped = Object.entries(multiline).map(([name, value]) => [name, typeof value === "string" ? value.replaceAll("$", "$$$$") : value]);
  group.multiline = Object.fromEntries(escaped);
};

/** Filebeat and Telegraf: whether lines that match (or do not) belong to the line before or after them. */
export const byNeighbour = (pattern: string, inverted: boolean, belongsTo: "previous" | "next"): Joining | undefined => {
  if (belongsTo === "previous") return inverted ? { start: pattern } : { continuation: pattern };
  // Lines that do not match belong to the next: the one that matches ends it.
  return inverted ? { end: pattern } : undefined;
};

/** Vector's four modes. */
export const byMode = (mode: unknown, pattern: string): Joining | undefined =>
  mode === "halt_before" ? { start: pattern } : mode === "continue_through" ? { continuation: pattern } : mode === "halt_with" ? { end: pattern } : undefined;

export const fromFilebeat = (group: FileGroup, options: Readonly<Record<string, unknown>>): string | void => {
  if (options.type !== undefined && options.type !== "pattern") return NO_SUCH_OPTION;
  return join(group, byNeighbour(String(options.pattern), isOn(options.negate), options.match === "before" ? "next" : "previous"), { linger: options.timeout, maxLines: options.max_lines });
};
