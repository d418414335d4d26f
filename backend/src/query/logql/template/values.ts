/** Values in templates, and how Go prints, compares and converts them. */

import { parseFloatStrict } from "../units.ts";

/** A time, ns since 1970. */
export class GoTime {
  readonly ns: bigint;
  /** Minutes east of UTC. */
  readonly zoneMinutes: number;

  constructor(ns: bigint, zoneMinutes = 0) {
    this.ns = ns;
    this.zoneMinutes = zoneMinutes;
  }
}

export type TemplateValue = string | number | boolean | undefined | GoTime | readonly TemplateValue[] | ReadonlyMap<string, TemplateValue>;

/** As `{{ x }}` prints it. */
export const toText = (value: TemplateValue): string => {
  if (value === undefined) return "<no value>";
  if (typeof value === "string") return value;
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "boolean") return String(value);
  if (value instanceof GoTime) return new Date(Number(value.ns / 1_000_000n)).toISOString();
  if (Array.isArray(value)) return `[${value.map(toText).join(" ")}]`;
  return `map[${[...(value as ReadonlyMap<string, TemplateValue>)].sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, inner]) => `${key}:${toText(inner)}`).join(" ")}]`;
};

/** As Go prints a float64 with %v. */
const formatNumber = (value: number): string => {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e21) return String(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e21)) return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return String(value);
};

/** What `if` takes for false: nothing, 0, "", and empty lists. */
export const isTrue = (value: TemplateValue): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return Boolean(value);
};

/** 0 of what is no number, as the functions of templates have it. */
export const toNumber = (value: TemplateValue): number => {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return typeof value === "string" ? (parseFloatStrict(value.trim()) ?? 0) : 0;
};

export const toInteger = (value: TemplateValue): number => Math.trunc(toNumber(value)) || 0;

/** -1, 0 or 1. Throws Error for what has no order. */
export const compareValues = (one: TemplateValue, other: TemplateValue): number => {
  if (typeof one === "number" && typeof other === "number") return one < other ? -1 : Number(one > other);
  if (typeof one === "string" && typeof other === "string") return one < other ? -1 : Number(one > other);
  throw new Error("incompatible types for comparison");
};

export const equalValues = (one: TemplateValue, other: TemplateValue): boolean => {
  if (one instanceof GoTime && other instanceof GoTime) return one.ns === other.ns;
  if (typeof one !== typeof other) throw new Error("incompatible types for comparison");
  return one === other;
};

/** Numbers as they stand in the text, objects as maps. */
export const fromJson = (text: string): TemplateValue => {
  const convert = (value: unknown): TemplateValue => {
    if (value === null) return undefined;
    if (Array.isArray(value)) return value.map(convert);
    if (typeof value === "object") return new Map(Object.entries(value).map(([key, inner]) => [key, convert(inner)]));
    return value as string | number | boolean;
  };
  return convert(JSON.parse(text));
};
