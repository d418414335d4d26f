/** Text to a conversion: whose configuration it is, and in which of its syntaxes. */

import { parse as parseToml } from "smol-toml";
import { parse as parseYaml } from "yaml";
import { isMapping, type Conversion } from "./conversion.ts";
import { convertFilebeat } from "./filebeat.ts";
import { convertFluentBitClassic, convertFluentBitYaml } from "./fluent-bit.ts";
import { convertPromtail } from "./promtail.ts";
import { convertTelegraf } from "./telegraf.ts";
import { convertVector } from "./vector.ts";

export type Format = "fluent-bit" | "vector" | "promtail" | "filebeat" | "telegraf";

const CLASSIC = /^\s*\[(SERVICE|INPUT|FILTER|OUTPUT|PARSER|MULTILINE_PARSER)\]\s*$/im;
const FROM_MAPPING: Readonly<Record<Format, (file: Record<string, unknown>) => Conversion>> = {
  "fluent-bit": convertFluentBitYaml,
  vector: convertVector,
  promtail: convertPromtail,
  filebeat: convertFilebeat,
  telegraf: convertTelegraf,
};

/** Top-level keys that only one of them has. */
const MARKS: readonly (readonly [RegExp, Format])[] = [
  [/^pipeline$/, "fluent-bit"],
  [/^(sources|sinks|transforms)$/, "vector"],
  [/^scrape_configs$/, "promtail"],
  [/^filebeat($|\.)/, "filebeat"],
  [/^(inputs|global_tags|agent)$/, "telegraf"],
];

const yaml = (text: string): unknown => parseYaml(text);
const toml = (text: string): unknown => parseToml(text);

const asMapping = (text: string, name: string): Record<string, unknown> => {
  const readers = /\.(toml|conf)$/.test(name) ? [toml, yaml] : [yaml, toml];
  const faults: string[] = [];
  for (const read of readers) {
    try {
      const value: unknown = read(text);
      if (isMapping(value)) return value;
      faults.push("it holds no options");
    } catch (error) {
      faults.push((error as Error).message.split("\n")[0]!);
    }
  }
  throw new Error(faults[0]);
};

/** Throws Error when it cannot be read, or nobody's marks are in it. */
export const convertText = (text: string, name: string, from?: Format): { readonly format: Format; readonly conversion: Conversion } => {
  if ((from === undefined || from === "fluent-bit") && CLASSIC.test(text)) return { format: "fluent-bit", conversion: convertFluentBitClassic(text) };
  const file = asMapping(text, name);
  const format = from ?? MARKS.find(([mark]) => Object.keys(file).some((key) => mark.test(key)))?.[1];
  if (format === undefined) throw new Error("whose configuration it is cannot be told: say it with --from");
  return { format, conversion: FROM_MAPPING[format](file) };
};
