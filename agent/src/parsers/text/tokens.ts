/** Fields of a line between blanks (or another separator), where quotes and brackets hold blanks. */

export interface Token {
  /** Without its quotes or brackets. */
  readonly text: string;
  /** `"`, `[`, `{` or "" for a bare word. */
  readonly mark: string;
  readonly start: number;
  /** Index after it, its closing mark included. */
  readonly end: number;
}

const CLOSING: Readonly<Record<string, string>> = { '"': '"', "[": "]", "{": "}" };

/** Index of the closing quote at or after `from`; a backslash or a doubled quote escapes. -1 without one. */
export const endOfQuoted = (line: string, from: number, quote: string): number => {
  for (let at = from; at < line.length; at++) {
    const character = line[at];
    if (character === "\\") at++;
    else if (character === quote) {
      if (quote === '"' && line[at + 1] === quote && at > from) at++;
      else return at;
    }
  }
  return -1;
};

/** Index of the bracket that closes the one before `from`, counting nested ones. -1 without one. */
export const endOfBracket = (line: string, from: number, open: string, close: string): number => {
  let depth = 1;
  for (let at = from; at < line.length; at++) {
    if (line[at] === open) depth++;
    else if (line[at] === close && --depth === 0) return at;
  }
  return -1;
};

/** The fields of a line between blanks. A mark that does not close is a part of a bare word. */
export const tokensOf = (line: string, limit = 64): Token[] => {
  const tokens: Token[] = [];
  let at = 0;
  while (at < line.length && tokens.length < limit) {
    if (line[at] === " " || line[at] === "\t") {
      at++;
      continue;
    }
    const mark = line[at]!;
    const closing = CLOSING[mark];
    const close = closing === undefined ? -1 : mark === '"' ? endOfQuoted(line, at + 1, mark) : line.indexOf(closing, at + 1);
    if (close >= 0 && (close + 1 === line.length || line[close + 1] === " " || line[close + 1] === "\t")) {
      tokens.push({ text: line.slice(at + 1, close), mark, start: at, end: close + 1 });
      at = close + 1;
      continue;
    }
    let end = at;
    while (end < line.length && line[end] !== " " && line[end] !== "\t") end++;
    tokens.push({ text: line.slice(at, end), mark: "", start: at, end });
    at = end;
  }
  return tokens;
};

/** Columns between separators, as RFC 4180 has them; undefined when a quote does not close. */
export const columnsOf = (line: string, separator: string): string[] | undefined => {
  const columns: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let close = at + 1;
      for (;;) {
        close = line.indexOf('"', close);
        if (close < 0) return undefined;
        if (line[close + 1] !== '"') break;
        close += 2;
      }
      columns.push(line.slice(at + 1, close).replaceAll('""', '"'));
      at = close + 1;
      if (at < line.length && line[at] !== separator) return undefined;
    } else {
      const next = line.indexOf(separator, at);
      const end = next < 0 ? line.length : next;
      columns.push(line.slice(at, end));
      at = end;
    }
    if (at >= line.length) return columns;
    at++;
  }
};
