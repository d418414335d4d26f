/** `| json` and `| unpack`: labels out of JSON lines. */

import { parseExpression, valueAt } from "../json-path.ts";
import type { Extraction } from "../syntax.ts";
import type { Entry } from "./entry.ts";
import { labelName } from "./label-names.ts";

export const JSON_ERROR = "JSONParserErr";
const MAX_DEPTH = 64;
const PACKED_LINE = "_entry";

/** In Node 24, not yet in TypeScript's library: a number as it stands in the text. */
const parseNumbersAsWritten = JSON.parse as (text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown) => unknown;
/** Numbers that a double would print otherwise. */
const ODD_NUMBER = /\d{16}|\d\.\d*0(?!\d)|\d[eE]|-0(?!\.\d)/;

const documentOf = (line: string): Record<string, unknown> => {
  const value = ODD_NUMBER.test(line) ? parseNumbersAsWritten(line, (_key, inner, { source }) => (typeof inner === "number" ? source : inner)) : (JSON.parse(line) as unknown);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("the line is JSON, but no object");
  return value as Record<string, unknown>;
};

/** Runs what reads a document; a line that is none is a fault of its entry. */
const withDocument = (entry: Entry, work: (document: Record<string, unknown>) => void): void => {
  let document: Record<string, unknown>;
  try {
    document = documentOf(entry.line);
  } catch (error) {
    entry.fail(JSON_ERROR, (error as Error).message.slice(0, 200));
    return;
  }
  work(document);
};

/** `{"a":{"b":1}}` is the label `a_b`; lists have no labels. */
const flatten = (entry: Entry, object: Record<string, unknown>, prefix: string, depth: number): void => {
  for (const [key, value] of Object.entries(object)) {
    const name = prefix === "" ? labelName(key) : `${prefix}_${key.replaceAll(/[^a-zA-Z0-9_]/g, "_")}`;
    if (name === "" || value === null || Array.isArray(value)) continue;
    if (typeof value !== "object") entry.extract(name, String(value));
    else if (depth < MAX_DEPTH) flatten(entry, value as Record<string, unknown>, name, depth + 1);
  }
};

export const compileJson = (extractions: readonly Extraction[]): ((entry: Entry) => void) => {
  if (extractions.length === 0) return (entry) => withDocument(entry, (document) => flatten(entry, document, "", 0));
  const paths = extractions.map(({ label, expression }) => ({ label, path: parseExpression(expression) }));
  return (entry) =>
    withDocument(entry, (document) => {
      for (const { label, path } of paths) {
        const value = valueAt(document, path);
        entry.extract(label, value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
      }
    });
};

/** What Promtail's and Alloy's pack stage has made: labels as JSON, the line in `_entry`. */
export const unpack = (entry: Entry): void =>
  withDocument(entry, (document) => {
    const line = document[PACKED_LINE];
    if (typeof line !== "string") return;
    for (const [key, value] of Object.entries(document)) if (key !== PACKED_LINE && typeof value === "string") entry.extract(labelName(key), value);
    entry.line = line;
  });
