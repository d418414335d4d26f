/** Generates agent/docs/config.md and the JSON Schema from the one definition of each option. */

import { z } from "../core/zod.ts";
import { configSchema } from "./schema.ts";

export interface JsonSchema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/** JSON Schema (2020-12) of a configuration file, for editors. */
export const configJsonSchema = (): JsonSchema => z.toJSONSchema(configSchema, { io: "input" }) as JsonSchema;

/** The mapping that an option is, or may be. */
const mappingOf = (option: JsonSchema | undefined): JsonSchema | undefined => (option?.properties ? option : option?.anyOf?.find(({ properties }) => properties));

let cached: JsonSchema | undefined;

/** Options known at a path of the file. */
export const knownNames = (path: readonly (string | number)[]): string[] => {
  let at: JsonSchema | undefined = (cached ??= configJsonSchema());
  for (const part of path) at = typeof part === "number" ? at?.items : mappingOf(at)?.properties?.[part];
  return Object.keys(mappingOf(at)?.properties ?? {});
};

const typeText = ({ type, format, anyOf, enum: values, const: value, items }: JsonSchema): string => {
  if (format !== undefined) return format;
  if (value !== undefined) return `\`${String(value)}\``;
  if (type === "object") return "mapping";
  if (values) return values.map((known) => `\`${String(known)}\``).join(" ");
  if (anyOf) return [...new Set(anyOf.map(typeText))].join(" or ");
  return type === "array" && items ? `list of ${items.properties ? "mappings" : typeText(items)}` : type === "string" ? "text" : (type ?? "");
};

const rowsOf = (schema: JsonSchema, prefix: string): string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, option]) => {
    const path = prefix + name;
    const inner = option.items?.properties ? option.items : mappingOf(option);
    const shownDefault = option.default === undefined || option.properties ? "" : `\`${JSON.stringify(option.default)}\``;
    const row = `| \`${path}\` | ${option.properties ? "mapping" : typeText(option)} | ${shownDefault} | ${option.description ?? ""} |`;
    return inner ? [row, ...rowsOf(inner, `${path}${option.items ? "[]" : ""}.`)] : [row];
  });

/** agent/docs/config.md */
export const configReference = (): string => `# Configuration of obs-agent

<!-- Generated from agent/src/config/schema.ts; a test holds it equal. -->

YAML, from \`--config FILE|FOLDER\` (repeatable; of a folder: \`*.yaml\` in the order of their names), else from
\`/etc/obs-agent/config.yaml\` and \`/etc/obs-agent/conf.d/\` when they are there. Later files win, lists are joined.
Everything has a default: no file at all is a valid configuration.

Values may hold \`\${VAR}\`, \`\${VAR:-default}\`, \`\${VAR:?message}\`; \`$$\` is a dollar sign. Sizes are \`512KB\`, \`10GB\`
(powers of 1024), durations \`300ms\`, \`10s\`, \`1h\`. Unknown options are errors. \`obs-agent validate\` lists every error
at once and exits with 78.

Where neither file nor environment names an endpoint, \`~/.config/obs/local.json\` (written by \`npm start\`; another
path: \`OBS_LOCAL_FILE\`) names the backend of this machine.

| option | type | default | meaning |
|---|---|---|---|
${rowsOf(configJsonSchema(), "").join("\n")}
`;
