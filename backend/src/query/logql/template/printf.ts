/** Go's verbs of printf. Source: pkg.go.dev/fmt */

import { toInteger, toNumber, toText, type TemplateValue } from "./values.ts";

const VERB = /%([-+# 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;
const MAX_WIDTH = 1_000;

export const printf = (format: string, args: readonly TemplateValue[]): string => {
  let next = 0;
  const text = format.replaceAll(VERB, (_whole, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const shown = show(verb, args[next++], flags, precision === undefined ? undefined : Math.min(100, Number(precision)));
    if (shown === undefined) return `%!${verb}(${toText(args[next - 1])})`;
    const columns = Math.min(MAX_WIDTH, Number(width ?? 0));
    if (flags.includes("-")) return shown.padEnd(columns);
    if (!flags.includes("0") || !/[dfFeEgGxX]/.test(verb)) return shown.padStart(columns);
    const [sign, digits] = /^[-+]/.test(shown) ? [shown[0]!, shown.slice(1)] : ["", shown];
    return sign + digits.padStart(columns - sign.length, "0");
  });
  return next < args.length ? `${text}%!(EXTRA ${args.slice(next).map(toText).join(", ")})` : text;
};

const show = (verb: string, value: TemplateValue, flags: string, precision: number | undefined): string | undefined => {
  const signed = (text: string): string => (flags.includes("+") && !text.startsWith("-") ? `+${text}` : flags.includes(" ") && !text.startsWith("-") ? ` ${text}` : text);
  const short = (text: string): string => (precision === undefined ? text : [...text].slice(0, precision).join(""));
  switch (verb) {
    case "s":
    case "v":
      return short(toText(value));
    case "q":
      return JSON.stringify(toText(value));
    case "t":
      return typeof value === "boolean" ? String(value) : undefined;
    case "d":
      return typeof value === "number" ? signed(String(Math.trunc(value))) : undefined;
    case "f":
    case "F":
      return typeof value === "number" ? signed(value.toFixed(precision ?? 6)) : undefined;
    case "e":
      return typeof value === "number" ? signed(value.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, "e$10$2")) : undefined;
    case "g":
      return typeof value === "number" ? signed(precision === undefined ? toText(value) : String(Number(value.toPrecision(Math.max(1, precision))))) : undefined;
    case "x":
      return typeof value === "number" ? toInteger(value).toString(16) : Buffer.from(toText(value)).toString("hex");
    case "X":
      return typeof value === "number" ? toInteger(value).toString(16).toUpperCase() : Buffer.from(toText(value)).toString("hex").toUpperCase();
    case "c":
      return typeof value === "number" ? String.fromCodePoint(Math.min(0x10ffff, Math.max(0, toNumber(value)))) : undefined;
    default:
      return undefined;
  }
};
