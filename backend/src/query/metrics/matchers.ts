/** `label:value` and `label!:value` -> conditions on a series' labels. */

import { param, sql, type Fragment } from "../../sql/sql.ts";

export interface Matcher {
  readonly label: string;
  readonly value: string;
  readonly equal: boolean;
}

const MATCHER = /^([^:!]+)(!?):(.*)$/s;

/** undefined when the text is no matcher. */
export const parseMatcher = (text: string): Matcher | undefined => {
  const match = MATCHER.exec(text);
  return match ? { label: match[1]!, value: match[3]!, equal: match[2] === "" } : undefined;
};

/** A label that a series lacks counts as "", as in Prometheus. */
export const compileMatcher = ({ label, value, equal }: Matcher): Fragment =>
  equal ? sql`labels[${param.string(label)}] = ${param.string(value)}` : sql`labels[${param.string(label)}] != ${param.string(value)}`;
