/** Go's layouts of times: `2006-01-02T15:04:05.000Z07:00`. Source: pkg.go.dev/time#Layout */

import { GoTime } from "./values.ts";

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const TOKEN = /January|Jan|Monday|Mon|MST|2006|Z07:00|Z0700|-07:00|-0700|-07|[.,]0+(?!\d)|[.,]9+(?!\d)|002|01|02|03|04|05|06|15|PM|pm|_2|1|2|3|4|5/g;

const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0");

const zoneText = (minutes: number, colon: boolean): string => `${minutes < 0 ? "-" : "+"}${pad(Math.floor(Math.abs(minutes) / 60))}${colon ? ":" : ""}${pad(Math.abs(minutes) % 60)}`;

export const formatGoTime = (layout: string, { ns, zoneMinutes }: GoTime): string => {
  const fraction = Number(((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);
  const date = new Date(Number((ns - BigInt(fraction)) / 1_000_000n) + zoneMinutes * 60_000);
  if (Number.isNaN(date.getTime())) throw new Error("time out of range");
  const hour12 = date.getUTCHours() % 12 || 12;
  const startOfYear = Date.UTC(date.getUTCFullYear(), 0, 1);
  const parts: Readonly<Record<string, () => string>> = {
    January: () => MONTHS[date.getUTCMonth()]!,
    Jan: () => MONTHS[date.getUTCMonth()]!.slice(0, 3),
    Monday: () => DAYS[date.getUTCDay()]!,
    Mon: () => DAYS[date.getUTCDay()]!.slice(0, 3),
    MST: () => (zoneMinutes === 0 ? "UTC" : zoneText(zoneMinutes, false)),
    2006: () => pad(date.getUTCFullYear(), 4),
    "06": () => pad(date.getUTCFullYear() % 100),
    "01": () => pad(date.getUTCMonth() + 1),
    1: () => String(date.getUTCMonth() + 1),
    "02": () => pad(date.getUTCDate()),
    _2: () => String(date.getUTCDate()).padStart(2, " "),
    2: () => String(date.getUTCDate()),
    "002": () => pad(Math.floor((date.getTime() - startOfYear) / 86_400_000) + 1, 3),
    15: () => pad(date.getUTCHours()),
    "03": () => pad(hour12),
    3: () => String(hour12),
    "04": () => pad(date.getUTCMinutes()),
    4: () => String(date.getUTCMinutes()),
    "05": () => pad(date.getUTCSeconds()),
    5: () => String(date.getUTCSeconds()),
    PM: () => (date.getUTCHours() < 12 ? "AM" : "PM"),
    pm: () => (date.getUTCHours() < 12 ? "am" : "pm"),
    "Z07:00": () => (zoneMinutes === 0 ? "Z" : zoneText(zoneMinutes, true)),
    Z0700: () => (zoneMinutes === 0 ? "Z" : zoneText(zoneMinutes, false)),
    "-07:00": () => zoneText(zoneMinutes, true),
    "-0700": () => zoneText(zoneMinutes, false),
    "-07": () => zoneText(zoneMinutes, false).slice(0, 3),
  };
  return layout.replaceAll(TOKEN, (token) => {
    const digits = token.length - 1;
    if (/^[.,]0/.test(token)) return token[0] + pad(fraction, 9).slice(0, digits);
    if (/^[.,]9/.test(token)) {
      const text = pad(fraction, 9).slice(0, digits).replace(/0+$/, "");
      return text === "" ? "" : token[0] + text;
    }
    return parts[token]!();
  });
};

type Field = "year" | "short-year" | "month" | "month-name" | "day" | "hour" | "hour12" | "minute" | "second" | "fraction" | "half" | "zone" | "ignored";

const READERS: Readonly<Record<string, readonly [Field, string]>> = {
  January: ["month-name", "[A-Za-z]+"], Jan: ["month-name", "[A-Za-z]{3}"], Monday: ["ignored", "[A-Za-z]+"], Mon: ["ignored", "[A-Za-z]{3}"], MST: ["ignored", "[A-Z]{3,4}"],
  2006: ["year", "\\d{4}"], "06": ["short-year", "\\d{2}"], "01": ["month", "\\d{2}"], 1: ["month", "\\d{1,2}"], "02": ["day", "\\d{2}"], _2: ["day", "\\s?\\d{1,2}"], 2: ["day", "\\d{1,2}"],
  "002": ["ignored", "\\d{3}"], 15: ["hour", "\\d{2}"], "03": ["hour12", "\\d{2}"], 3: ["hour12", "\\d{1,2}"], "04": ["minute", "\\d{2}"], 4: ["minute", "\\d{1,2}"], "05": ["second", "\\d{2}"], 5: ["second", "\\d{1,2}"],
  PM: ["half", "[AP]M"], pm: ["half", "[ap]m"], "Z07:00": ["zone", "Z|[+-]\\d{2}:\\d{2}"], Z0700: ["zone", "Z|[+-]\\d{4}"], "-07:00": ["zone", "[+-]\\d{2}:\\d{2}"], "-0700": ["zone", "[+-]\\d{4}"], "-07": ["zone", "[+-]\\d{2}"],
};

const quote = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);

const zoneOf = (text: string): number => {
  if (text === "" || text === "Z") return 0;
  const digits = text.slice(1).replace(":", "").padEnd(4, "0");
  return (text.startsWith("-") ? -1 : 1) * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2)));
};

/** `offsetOf`: minutes east of UTC for a time without a zone. Throws Error for what does not read so. */
export const parseGoTime = (layout: string, text: string, offsetOf: (utcMs: number) => number = () => 0): GoTime => {
  const fields: Field[] = [];
  let source = "";
  let at = 0;
  for (const { 0: token, index } of layout.matchAll(TOKEN)) {
    source += quote(layout.slice(at, index));
    at = index + token.length;
    const [field, pattern] = /^[.,]/.test(token) ? (["fraction", `[.,]\\d{${/0/.test(token) ? token.length - 1 : "1,9"}}`] as const) : READERS[token]!;
    fields.push(field);
    source += /^[.,]9/.test(token) ? `(${pattern})?` : `(${pattern})`;
    // A fraction may follow the seconds though the layout has none.
    if (field === "second" && !/^[.,]/.test(layout.slice(at))) {
      fields.push("fraction");
      source += "([.,]\\d{1,9})?";
    }
  }
  const match = new RegExp(`^${source}${quote(layout.slice(at))}$`).exec(text);
  if (!match) throw new Error(`parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse it`);
  const value = (field: Field): string | undefined => match[fields.indexOf(field) + 1 || fields.length + 1]?.trim();
  const name = value("month-name")?.slice(0, 3).toLowerCase();
  const month = name === undefined ? Number(value("month") ?? 1) - 1 : MONTHS.findIndex((each) => each.slice(0, 3).toLowerCase() === name);
  const half = value("half")?.toUpperCase();
  const hour12 = value("hour12");
  const hour = hour12 === undefined ? Number(value("hour") ?? 0) : (Number(hour12) % 12) + (half === "PM" ? 12 : 0);
  const short = value("short-year");
  const year = short === undefined ? Number(value("year") ?? 0) : Number(short) + (Number(short) >= 69 ? 1900 : 2000);
  const local = Date.UTC(year, month, Number(value("day") ?? 1), hour, Number(value("minute") ?? 0), Number(value("second") ?? 0));
  if (month < 0 || Number.isNaN(local)) throw new Error(`parsing time ${JSON.stringify(text)}: out of range`);
  const zone = value("zone");
  const minutes = zone === undefined ? offsetOf(local) : zoneOf(zone);
  const fraction = (value("fraction") ?? "").slice(1).padEnd(9, "0");
  return new GoTime(BigInt(local - minutes * 60_000) * 1_000_000n + BigInt(fraction), minutes);
};

/** Minutes east of UTC of an IANA zone at a time. Throws Error for an unknown one. */
export const zoneMinutesAt = (zone: string, utcMs: number): number => {
  if (zone === "" || zone === "UTC") return 0;
  let parts: Intl.DateTimeFormatPart[];
  try {
    parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(utcMs);
  } catch {
    throw new Error(`unknown time zone ${zone}`);
  }
  return zoneOf(/GMT(.*)/.exec(parts.find(({ type }) => type === "timeZoneName")?.value ?? "")?.[1] ?? "");
};
