/** What a person watching records asks for: `service=nginx`, `message~timeout`, `severity>=warn`. */

import { SEVERITY } from "@obs/wire";

export type TapRecord = Readonly<Record<string, unknown>>;
export type RecordFilter = (record: TapRecord) => boolean;

const FORM = /^([^=~<>!]+)(!=|!~|>=|<=|=|~)(.*)$/s;

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** A column, else an attribute or label. */
const fieldOf = (record: TapRecord, name: string): unknown => {
  if (Object.hasOwn(record, name)) return record[name];
  for (const map of [record.attributes, record.labels]) if (isMap(map) && Object.hasOwn(map, name)) return map[name];
  return undefined;
};

const numberOf = (field: string, text: string): number | undefined => {
  const severity = field === "severity" ? (SEVERITY as Readonly<Record<string, number>>)[text.toUpperCase()] : undefined;
  const value = severity ?? (text.trim() === "" ? Number.NaN : Number(text));
  return Number.isNaN(value) ? undefined : value;
};

const equals = (field: string, wanted: string) => {
  const severity = field === "severity" ? numberOf(field, wanted) : undefined;
  const text = severity === undefined ? wanted : String(severity);
  return (value: unknown): boolean => value !== undefined && String(value) === text;
};

/** Throws Error that says what is wrong with it. */
export const parseFilter = (text: string): RecordFilter => {
  const [, name, operator, wanted] = FORM.exec(text) ?? [];
  if (name === undefined || operator === undefined || wanted === undefined) throw new Error(`${JSON.stringify(text)} is no filter: write FIELD=TEXT, FIELD~TEXT, FIELD>=NUMBER, FIELD<=NUMBER, FIELD!=TEXT or FIELD!~TEXT`);
  const field = name.trim();
  if (operator === ">=" || operator === "<=") {
    const bound = numberOf(field, wanted);
    if (bound === undefined) throw new Error(`${JSON.stringify(text)} compares with ${JSON.stringify(wanted)}, which is no number`);
    const sign = operator === ">=" ? 1 : -1;
    return (record) => sign * (Number(fieldOf(record, field) ?? Number.NaN) - bound) >= 0;
  }
  const isEqual = equals(field, wanted);
  const test = operator.endsWith("=") ? isEqual : (value: unknown): boolean => value !== undefined && String(value).includes(wanted);
  return operator.startsWith("!") ? (record) => !test(fieldOf(record, field)) : (record) => test(fieldOf(record, field));
};

/** A record fits when it fits all. */
export const parseFilters = (texts: readonly string[]): RecordFilter => {
  const filters = texts.map(parseFilter);
  return (record) => filters.every((fits) => fits(record));
};
