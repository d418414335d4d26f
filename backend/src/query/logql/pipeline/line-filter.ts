/** Conditions on lines. */

import { RE2JS } from "re2js";
import { IpMatcher } from "../ip.ts";
import { parseLinePattern, regexOfLinePattern } from "../pattern.ts";
import type { LineAlternative, LineOperator, Stage } from "../syntax.ts";

type LineStage = Extract<Stage, { kind: "line" }>;

/** The operator without its `!`. */
export const positiveOf = (operator: LineOperator): "|=" | "|~" | "|>" => (({ "!=": "|=", "!~": "|~", "!>": "|>" }) as const)[operator as "!="] ?? (operator as "|=");

const testOf = (operator: "|=" | "|~" | "|>", { text, isIp }: LineAlternative): ((line: string) => boolean) => {
  if (isIp) {
    const matcher = new IpMatcher(text);
    return (line) => matcher.isIn(line);
  }
  if (operator === "|=") return (line) => line.includes(text);
  const regex = RE2JS.compile(operator === "|~" ? text : regexOfLinePattern(parseLinePattern(text)));
  return operator === "|~" ? (line) => regex.matcher(line).find() : (line) => regex.matches(line);
};

export const compileLineFilter = ({ operator, alternatives }: LineStage): ((line: string) => boolean) => {
  const positive = positiveOf(operator);
  const tests = alternatives.map((alternative) => testOf(positive, alternative));
  return operator === positive ? (line) => tests.some((test) => test(line)) : (line) => !tests.some((test) => test(line));
};
