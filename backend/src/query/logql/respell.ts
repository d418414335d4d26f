/**
 * The same text, spelled as the grammar for editors (@grafana/lezer-logql) knows it, and every place kept:
 * sizes are in the letters that it knows (`20kb` is `20KB`), label filters side by side have a comma between
 * them, `==` before text is `=`, and an `offset` stands in a list of its own, since the grammar has none behind
 * an unwrapped range.
 */

/** Strings, comments, words with what belongs to a number, operators, white space, and single characters. */
const TOKEN = /"(?:\\[\s\S]|[^"\\])*"?|`[^`]*`?|#[^\n]*|[a-zA-Z_]\w*|\d[\w.µμ]*|\.\d[\w.µμ]*|\|[=~>]|![=~>]|[=<>]=|=~|\s+|[\s\S]/g;
const SIZE = /^(\d+\.?\d*|\.\d+)([kmgtp]?)(i?)(b)$/i;
const KEYWORDS: ReadonlySet<string> = new Set(["and", "or", "unless", "json", "logfmt", "unpack", "pattern", "regexp", "unwrap", "line_format", "label_format", "decolorize", "drop", "keep", "offset", "by", "without"]);
const COMPARES: ReadonlySet<string> = new Set(["=", "==", "!=", "=~", "!~", ">", ">=", "<", "<="]);

export interface Offset {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

interface Token {
  readonly text: string;
  readonly from: number;
}

/** A size in the letters of the grammar, of the same length. */
const sizeOf = (text: string): string => {
  const match = SIZE.exec(text);
  if (!match) return text;
  const [, digits, prefix, binary] = match;
  return `${digits}${prefix!.toUpperCase()}${binary!.toLowerCase()}B`;
};

const isSpace = ({ text }: Token): boolean => /^\s/.test(text);
const isComment = ({ text }: Token): boolean => text.startsWith("#");
const isWord = (text: string): boolean => /^[a-zA-Z_]\w*$/.test(text);
/** The value of a label filter, or the end of one in parentheses. */
const endsFilter = (text: string): boolean => /^["`\d.)]/.test(text);

export const respell = (query: string): { readonly text: string; readonly offsets: ReadonlyMap<number, Offset> } => {
  const tokens: Token[] = Array.from(query.matchAll(TOKEN), ({ 0: text, index }) => ({ text, from: index }));
  const out = tokens.map(({ text }) => text);
  const solid = [...tokens.keys()].filter((index) => !isSpace(tokens[index]!) && !isComment(tokens[index]!));
  const offsets = new Map<number, Offset>();
  let inFilter = false;
  let blankTo = 0;
  for (const [place, index] of solid.entries()) {
    const at = (shift: number): string => tokens[solid[place + shift] ?? -1]?.text ?? "";
    const { text, from } = tokens[index]!;
    if (from < blankTo) continue;
    out[index] = /^[\d.]/.test(text) ? sizeOf(text) : text;
    if (text === "==" && /^["`]/.test(at(1))) out[index] = "= ";
    if (text === "|") inFilter = !KEYWORDS.has(at(1)) || COMPARES.has(at(2));
    else if (text === "[") inFilter = false;
    // `a="b" c="d"`: a comma takes the place of the space.
    if (inFilter && endsFilter(at(-1)) && isWord(text) && (!KEYWORDS.has(text) || COMPARES.has(at(1)))) {
      const before = index - 1;
      if (tokens[before] && isSpace(tokens[before])) out[before] = `,${tokens[before].text.slice(1)}`;
    }
    if (text === "offset" && at(-1) === "]") {
      const parts = ["-", "+"].includes(at(1)) ? [1, 2] : [1];
      const last = solid[place + parts.length];
      const value = parts.map(at).join("");
      if (last === undefined || !/\d/.test(value)) continue;
      const to = tokens[last]!.from + tokens[last]!.text.length;
      blankTo = to;
      offsets.set(tokens[solid[place - 1]!]!.from + 1, { from, to, text: value });
      for (let each = index; each <= last; each++) out[each] = tokens[each]!.text.replaceAll(/[^\n]/g, " ");
    }
  }
  return { text: out.join(""), offsets };
};
