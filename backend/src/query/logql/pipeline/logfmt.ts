/** `| logfmt`: labels out of `key=value key="quoted value"` lines. */

import { unquote } from "../../promql/index.ts";
import type { Stage } from "../syntax.ts";
import type { Entry } from "./entry.ts";
import { labelName } from "./label-names.ts";

export const LOGFMT_ERROR = "LogfmtParserErr";

type LogfmtStage = Extract<Stage, { kind: "logfmt" }>;

interface Pair {
  readonly key: string;
  readonly value: string;
}

/** Keys without `=` have the value "". `fault` is told of what is skipped, and stops when it says so. */
export function* pairsOf(line: string, fault: (message: string) => boolean): Generator<Pair> {
  let at = 0;
  const isSpace = (): boolean => line.charCodeAt(at) <= 0x20;
  const skipWord = (): void => {
    while (at < line.length && !isSpace()) at += 1;
  };
  while (at < line.length) {
    if (isSpace()) {
      at += 1;
      continue;
    }
    const from = at;
    while (at < line.length && !isSpace() && line[at] !== "=" && line[at] !== '"') at += 1;
    const key = line.slice(from, at);
    if (key === "" || line[at] === '"') {
      skipWord();
      if (fault(`unexpected ${JSON.stringify(line.slice(from, from + 20))} at pos ${from + 1}`)) return;
      continue;
    }
    if (line[at] !== "=") {
      yield { key, value: "" };
      continue;
    }
    at += 1;
    const valueFrom = at;
    if (line[at] !== '"') {
      skipWord();
      yield { key, value: line.slice(valueFrom, at) };
      continue;
    }
    at += 1;
    while (at < line.length && line[at] !== '"') at += line[at] === "\\" ? 2 : 1;
    at += 1;
    const value = at > line.length ? undefined : unquote(line.slice(valueFrom, at));
    if (value !== undefined) yield { key, value };
    else if (fault(`unterminated or invalid quoted value of ${JSON.stringify(key.slice(0, 50))}`)) return;
  }
}

export const compileLogfmt = ({ extractions, strict, keepEmpty }: LogfmtStage): ((entry: Entry) => void) => {
  const wanted = new Map<string, string[]>();
  for (const { label, expression } of extractions) wanted.set(expression, [...(wanted.get(expression) ?? []), label]);
  return (entry) => {
    const fault = (message: string): boolean => {
      if (strict) entry.fail(LOGFMT_ERROR, message);
      return strict;
    };
    for (const label of extractions) entry.extract(label.label, "");
    for (const { key, value } of pairsOf(entry.line, fault)) {
      if (value === "" && !keepEmpty) continue;
      if (extractions.length === 0) {
        const name = labelName(key);
        if (name !== "") entry.extract(name, value);
      } else for (const label of wanted.get(key) ?? []) entry.extract(label, value);
    }
  };
};
