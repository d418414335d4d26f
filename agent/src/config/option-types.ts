/** Types of options that several parts of the configuration share. */

import { z } from "../core/zod.ts";
import { parseDuration, parseSize } from "./units.ts";

/** Text in the file, a number in the program. Defaults are given as one would write them. */
const amount = (format: string, what: string, parse: (text: string) => number | undefined, lowest = 0, highest = Number.MAX_SAFE_INTEGER) =>
  z
    .union([z.string(), z.number()])
    .meta({ format })
    .transform((value, context) => {
      const parsed = parse(String(value));
      if (parsed !== undefined && parsed >= lowest && parsed <= highest) return parsed;
      context.addIssue({ code: "custom", message: `expected ${what}, found ${JSON.stringify(value)}` });
      return z.NEVER;
    });

export const size = (lowest: string) => amount("size", `a size such as 512KB or 10GB, at least ${lowest}`, parseSize, parseSize(lowest));
export const duration = (lowest: string) => amount("duration", `a duration such as 300ms, 10s or 1h, at least ${lowest}`, parseDuration, parseDuration(lowest));

/** A whole number; text when it comes from the environment. */
export const count = (lowest: number, highest: number) =>
  amount("whole number", `a whole number from ${lowest} to ${highest}`, (text) => (/^\d+$/.test(text.trim()) ? Number(text) : undefined), lowest, highest);

/** YAML takes `true` and `1` without quotes for something else than text. */
export const text = () => z.union([z.string(), z.number(), z.boolean()]).meta({ format: "text" }).transform(String);

export const flag = () => z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

export const readFrom = z
  .string()
  .meta({ format: "beginning, end or duration" })
  .transform((value, context): "beginning" | "end" | number => {
    const parsed = value === "beginning" || value === "end" ? value : parseDuration(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: `expected beginning, end or a duration such as 10m, found ${JSON.stringify(value)}` });
    return z.NEVER;
  });

export const httpUrl = z.string().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), { message: "expected an http:// or https:// address" });

export const listenAddress = z.string().regex(/^(?:\[[0-9a-f:.]+\]|[\w.-]+):\d{1,5}$/i, "expected HOST:PORT");
