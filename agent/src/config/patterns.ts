/** Checks of the option `parser` that need more than its type. */

import type { LineFormat } from "../core/line-format.ts";
import { compileGrok, compileRegex } from "../core/user-pattern.ts";

export const isTimezone = (name: string): boolean => {
  try {
    return Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
};

/** What is wrong with a pattern, and at which option. */
export const problemOfPattern = ({ type, pattern, definitions, file }: LineFormat): { readonly option: "pattern" | "definitions" | "file"; readonly message: string } | undefined => {
  const takesPattern = type === "regex" || type === "grok";
  if (takesPattern && pattern === undefined) return { option: "pattern", message: `type ${type} needs a pattern` };
  if (!takesPattern && pattern !== undefined) return { option: "pattern", message: `type ${type} takes no pattern; types regex and grok do` };
  if (type !== "grok" && definitions !== undefined) return { option: "definitions", message: "only type grok takes definitions" };
  if (type === "custom" && file === undefined) return { option: "file", message: "type custom needs a file" };
  if (type !== "custom" && file !== undefined) return { option: "file", message: "only type custom takes a file" };
  if (!takesPattern) return undefined;
  try {
    if (type === "regex") compileRegex(pattern!);
    else compileGrok(pattern!, definitions);
    return undefined;
  } catch (error) {
    return { option: "pattern", message: (error as Error).message };
  }
};
