/**
 * Functions of templates: Go's own, and those that Loki documents. What comes through a pipe is the last
 * argument. Source: grafana.com/docs/loki/latest/query/template_functions
 */

import { RE2JS } from "re2js";
import { parseBytes, parseGoDuration } from "../units.ts";
import { formatGoTime, parseGoTime, zoneMinutesAt } from "./go-time.ts";
import { printf } from "./printf.ts";
import { compareValues, equalValues, fromJson, GoTime, isTrue, toInteger, toNumber, toText, type TemplateValue } from "./values.ts";

/** The entry that a template is about. */
export interface TemplateContext {
  readonly line: string;
  readonly timestampNs: bigint;
}

type TemplateFunction = (args: readonly TemplateValue[], context: TemplateContext) => TemplateValue;

/** Longer texts are not made. */
export const MAX_TEXT = 1_048_576;
const MAX_REGEXES = 200;

const bounded = (text: string): string => {
  if (text.length > MAX_TEXT) throw new Error(`the text would be longer than ${MAX_TEXT} characters`);
  return text;
};

const regexes = new Map<string, RE2JS>();
const regexOf = (source: string): RE2JS => {
  let regex = regexes.get(source);
  if (!regex) {
    if (regexes.size >= MAX_REGEXES) regexes.clear();
    regexes.set(source, (regex = RE2JS.compile(source)));
  }
  return regex;
};

const onText =
  (change: (text: string, ...args: string[]) => TemplateValue): TemplateFunction =>
  (args) => {
    const texts = args.map(toText);
    return change(texts.at(-1) ?? "", ...texts.slice(0, -1));
  };
const onNumbers =
  (combine: (one: number, other: number) => number, convert: (value: TemplateValue) => number): TemplateFunction =>
  (args) =>
    args.map(convert).reduce(combine);
const integers = (combine: (one: number, other: number) => number): TemplateFunction => onNumbers(combine, toInteger);
const floats = (combine: (one: number, other: number) => number): TemplateFunction => onNumbers(combine, toNumber);
const compares =
  (holds: (order: number) => boolean): TemplateFunction =>
  ([one, other]) =>
    holds(compareValues(one, other));

const dividing = (one: number, other: number): number => {
  if (other === 0) throw new Error("integer divide by zero");
  return Math.trunc(one / other);
};
const remainder = (one: number, other: number): number => {
  if (other === 0) throw new Error("integer divide by zero");
  return one % other;
};
const rounded = (value: number, digits: number): number => {
  const scale = 10 ** Math.min(15, Math.max(0, digits));
  return (Math.sign(value) * Math.round(Math.abs(value) * scale)) / scale;
};

const trimming =
  (start: boolean, end: boolean) =>
  (text: string, characters: string): string => {
    const set = new Set(characters);
    const points = [...text];
    const from = start ? points.findIndex((point) => !set.has(point)) : 0;
    const to = end ? points.findLastIndex((point) => !set.has(point)) + 1 : points.length;
    return from < 0 ? "" : points.slice(from, to).join("");
  };

/** Negative lengths count from the end. */
const truncated = (text: string, length: number): string => (length < 0 ? [...text].slice(length).join("") : [...text].slice(0, length).join(""));
const aligned = (text: string, count: number, left: boolean): string => {
  const width = Math.min(MAX_TEXT, Math.max(0, count));
  const points = [...text];
  if (left) return points.slice(0, width).join("").padEnd(width);
  return points.slice(Math.max(0, points.length - width)).join("").padStart(width);
};
const indented = (text: string, spaces: number): string => {
  const pad = " ".repeat(Math.min(1_000, Math.max(0, spaces)));
  return bounded(pad + text.replaceAll("\n", `\n${pad}`));
};
const replaceAllText = (text: string, old: string, replacement: string): string => bounded(text.replaceAll(old, () => replacement));
const titled = (text: string): string => text.replaceAll(/(^|[^\p{L}\p{N}_'])(\p{Ll})/gu, (_whole, before: string, letter: string) => before + letter.toUpperCase());

const timeOf = (value: TemplateValue): GoTime => {
  if (value instanceof GoTime) return value;
  throw new Error("expected a time: use toDate, unixToTime, now or __timestamp__");
};
/** Digits of seconds, ms, µs or ns, told apart by how many there are. */
const unixToTime = (text: string): GoTime => {
  if (!/^\d+$/.test(text)) throw new Error(`unable to parse time '${text}'`);
  const unit = ({ 5: 86_400_000_000_000n, 10: 1_000_000_000n, 13: 1_000_000n, 16: 1_000n, 19: 1n } as Readonly<Record<number, bigint>>)[text.length];
  if (unit === undefined) throw new Error(`unable to parse time '${text}': 5 digits of days, 10 of s, 13 of ms, 16 of µs or 19 of ns`);
  return new GoTime(BigInt(text) * unit);
};
const secondsOf = (text: string): number => {
  const seconds = parseGoDuration(text);
  if (seconds === undefined) throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
  return seconds;
};
const lengthOf = (value: TemplateValue): number => {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  throw new Error("len of what has no length");
};
const indexInto = (value: TemplateValue, keys: readonly TemplateValue[]): TemplateValue =>
  keys.reduce<TemplateValue>((of, key) => {
    if (of instanceof Map) return of.get(toText(key)) as TemplateValue;
    if (Array.isArray(of) && typeof key === "number" && key >= 0 && key < of.length) return of[key] as TemplateValue;
    throw new Error(`error calling index: index out of range: ${toText(key)}`);
  }, value);
const urlDecoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new Error(`invalid URL escape in ${JSON.stringify(text)}`);
  }
};

const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  __proto__: null as never,
  // ---- of the entry
  __line__: (_args, { line }) => line,
  __timestamp__: (_args, { timestampNs }) => new GoTime(timestampNs),
  now: () => new GoTime(BigInt(Date.now()) * 1_000_000n),
  // ---- text
  ToLower: onText((text) => text.toLowerCase()),
  ToUpper: onText((text) => text.toUpperCase()),
  lower: onText((text) => text.toLowerCase()),
  upper: onText((text) => text.toUpperCase()),
  title: onText(titled),
  // Loki's own take the text first, those of Sprig last.
  Replace: (args) => {
    const [text, old, replacement] = args.map(toText);
    const count = toInteger(args[3]);
    if (count < 0) return replaceAllText(text!, old!, replacement!);
    const parts = text!.split(old!);
    return bounded(parts.slice(0, count + 1).join(replacement) + (parts.length > count + 1 ? old! + parts.slice(count + 1).join(old) : ""));
  },
  replace: onText((text, old = "", replacement = "") => replaceAllText(text, old, replacement)),
  Trim: ([text, characters]) => trimming(true, true)(toText(text), toText(characters)),
  TrimLeft: ([text, characters]) => trimming(true, false)(toText(text), toText(characters)),
  TrimRight: ([text, characters]) => trimming(false, true)(toText(text), toText(characters)),
  TrimPrefix: ([text, prefix]) => (toText(text).startsWith(toText(prefix)) ? toText(text).slice(toText(prefix).length) : toText(text)),
  TrimSuffix: ([text, suffix]) => (toText(suffix) !== "" && toText(text).endsWith(toText(suffix)) ? toText(text).slice(0, -toText(suffix).length) : toText(text)),
  TrimSpace: onText((text) => text.trim()),
  trim: onText((text) => text.trim()),
  trimAll: onText((text, characters = "") => trimming(true, true)(text, characters)),
  trimPrefix: onText((text, prefix = "") => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  trimSuffix: onText((text, suffix = "") => (suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text)),
  trunc: (args) => truncated(toText(args[1]), toInteger(args[0])),
  substr: (args) => {
    const [start, end] = [toInteger(args[0]), toInteger(args[1])];
    const points = [...toText(args[2])];
    return (start < 0 ? points.slice(0, Math.max(0, end)) : end < 0 || end > points.length ? points.slice(start) : points.slice(start, end)).join("");
  },
  repeat: (args) => {
    const [count, text] = [Math.max(0, toInteger(args[0])), toText(args[1])];
    if (count * text.length > MAX_TEXT) throw new Error(`the text would be longer than ${MAX_TEXT} characters`);
    return text.repeat(count);
  },
  indent: (args) => indented(toText(args[1]), toInteger(args[0])),
  nindent: (args) => `\n${indented(toText(args[1]), toInteger(args[0]))}`,
  alignLeft: (args) => aligned(toText(args[1]), toInteger(args[0]), true),
  alignRight: (args) => aligned(toText(args[1]), toInteger(args[0]), false),
  contains: onText((text, part = "") => text.includes(part)),
  hasPrefix: onText((text, prefix = "") => text.startsWith(prefix)),
  hasSuffix: onText((text, suffix = "") => text.endsWith(suffix)),
  default: ([otherwise, value]) => (isTrue(value) ? value : otherwise),
  count: onText((text, regex = "") => [...matchesOf(regexOf(regex), text)].length),
  regexReplaceAll: (args) => {
    const [regex, text, replacement] = args.map(toText);
    return bounded(regexOf(regex!).matcher(text!).replaceAll(goReplacement(replacement!)));
  },
  regexReplaceAllLiteral: (args) => {
    const [regex, text, replacement] = args.map(toText);
    return bounded(regexOf(regex!).matcher(text!).replaceAll(replacement!.replaceAll(/[\\$]/g, String.raw`\$&`)));
  },
  urlencode: onText((text) => encodeURIComponent(text).replaceAll("%20", "+").replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)),
  urldecode: onText(urlDecoded),
  b64enc: onText((text) => Buffer.from(text).toString("base64")),
  b64dec: onText((text) => Buffer.from(text, "base64").toString("utf8")),
  fromJson: onText((text) => fromJson(text)),
  // ---- numbers
  add: integers((one, other) => one + other),
  sub: integers((one, other) => one - other),
  mul: integers((one, other) => one * other),
  div: integers(dividing),
  mod: integers(remainder),
  max: integers(Math.max),
  min: integers(Math.min),
  addf: floats((one, other) => one + other),
  subf: floats((one, other) => one - other),
  mulf: floats((one, other) => one * other),
  divf: floats((one, other) => one / other),
  maxf: floats(Math.max),
  minf: floats(Math.min),
  ceil: ([value]) => Math.ceil(toNumber(value)),
  floor: ([value]) => Math.floor(toNumber(value)),
  round: ([value, digits]) => rounded(toNumber(value), toInteger(digits)),
  int: ([value]) => toInteger(value),
  float64: ([value]) => toNumber(value),
  bytes: onText((text) => {
    const bytes = parseBytes(text);
    if (bytes === undefined) throw new Error(`unable to parse ${JSON.stringify(text)} as a size`);
    return bytes;
  }),
  duration: onText(secondsOf),
  duration_seconds: onText(secondsOf),
  // ---- times
  date: ([layout, time]) => formatGoTime(toText(layout), timeOf(time)),
  toDate: ([layout, text]) => parseGoTime(toText(layout), toText(text)),
  toDateInZone: ([layout, zone, text]) => parseGoTime(toText(layout), toText(text), (ms) => zoneMinutesAt(toText(zone), ms)),
  unixToTime: onText(unixToTime),
  unixEpoch: ([time]) => String(timeOf(time).ns / 1_000_000_000n),
  unixEpochMillis: ([time]) => String(timeOf(time).ns / 1_000_000n),
  unixEpochNanos: ([time]) => String(timeOf(time).ns),
  // ---- Go's own
  eq: ([one, ...others]) => others.some((other) => equalValues(one, other)),
  ne: ([one, other]) => !equalValues(one, other),
  lt: compares((order) => order < 0),
  le: compares((order) => order <= 0),
  gt: compares((order) => order > 0),
  ge: compares((order) => order >= 0),
  and: (args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1),
  or: (args) => args.find(isTrue) ?? args.at(-1),
  not: ([value]) => !isTrue(value),
  len: ([value]) => lengthOf(value),
  index: ([value, ...keys]) => indexInto(value, keys),
  print: (args) => args.map(toText).join(""),
  println: (args) => `${args.map(toText).join(" ")}\n`,
  printf: ([format, ...args]) => bounded(printf(toText(format), args)),
};

function* matchesOf(regex: RE2JS, text: string): Generator<string> {
  const matcher = regex.matcher(text);
  while (matcher.find()) yield matcher.group() ?? "";
}

/** `$1` and `${1}` of Go as the matcher has them. */
const goReplacement = (replacement: string): string => replacement.replaceAll("\\", "\\\\").replaceAll(/\$\{(\d+)\}/g, "$$$1");

export const isTemplateFunction = (name: string): boolean => name in FUNCTIONS;

/** Throws Error as the function has it. */
export const callFunction = (name: string, args: readonly TemplateValue[], context: TemplateContext): TemplateValue => FUNCTIONS[name]!(args, context);
