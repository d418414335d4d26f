/**
 * A reader of query text that is just good enough for the page: it finds the clauses, so that
 * filters can be added and matches highlighted. What a query means is the backend's to say.
 */

export interface Clause {
  /** Extent in the text, with the `NOT` or `-` before it. */
  readonly start: number;
  readonly end: number;
  readonly field: string | undefined;
  /** The value without quotes and escapes. */
  readonly value: string;
  readonly negated: boolean;
  /** Parentheses around it. */
  readonly depth: number;
}

export interface ReadQuery {
  readonly clauses: readonly Clause[];
  /** Whether an OR stands outside of all parentheses. */
  readonly hasTopLevelOr: boolean;
}

/** A quoted text, or a run of anything but blanks, quotes and parentheses; `\` escapes one character. */
const PIECE = /\s+|[()]|"(?:\\.|[^"\\])*"?|(?:\\.|[^\s()"\\])+|\\/gsy;

const unescape = (text: string): string => text.replace(/\\(.)/gs, "$1");

const unquote = (text: string): string => unescape(text.slice(1, text.length > 1 && text.endsWith('"') ? -1 : undefined));

/** Where the field name of `name:value` ends, not counting an escaped colon. */
const fieldEnd = (word: string): number => {
  for (let i = 0; i < word.length; i++) {
    if (word[i] === "\\") i++;
    else if (word[i] === ":") return i;
  }
  return -1;
};

export const readClauses = (query: string): ReadQuery => {
  const clauses: Clause[] = [];
  const groups: { readonly negated: boolean; readonly field: string | undefined }[] = [];
  let hasTopLevelOr = false;
  let negatedFrom = -1;
  let field: { readonly name: string; readonly start: number } | undefined;

  const add = (start: number, end: number, value: string): void => {
    const group = groups[groups.length - 1];
    clauses.push({
      start: negatedFrom >= 0 ? negatedFrom : (field?.start ?? start),
      end,
      field: field?.name ?? group?.field,
      value,
      negated: negatedFrom >= 0 !== (group?.negated ?? false),
      depth: groups.length,
    });
    negatedFrom = -1;
    field = undefined;
  };

  const readWord = (word: string, start: number, end: number): void => {
    if (word === "AND" || word === "&&") return;
    if (word === "OR" || word === "||") {
      hasTopLevelOr ||= groups.length === 0;
      return;
    }
    if (word === "NOT" || word === "!" || word === "-") {
      negatedFrom = start;
      return;
    }
    if (field === undefined && /^[-!+]./s.test(word)) {
      if (word[0] !== "+") negatedFrom = start;
      return readWord(word.slice(1), start + 1, end);
    }
    const colon = field === undefined ? fieldEnd(word) : -1;
    if (colon <= 0) return add(start, end, unescape(word));
    field = { name: unescape(word.slice(0, colon)), start };
    if (colon + 1 < word.length) add(start, end, unescape(word.slice(colon + 1)));
  };

  for (const match of query.matchAll(PIECE)) {
    const [piece] = match;
    const start = match.index;
    if (piece.trim() === "") continue;
    if (piece === "(") {
      const outer = groups[groups.length - 1];
      groups.push({ negated: negatedFrom >= 0 !== (outer?.negated ?? false), field: field?.name ?? outer?.field });
      negatedFrom = -1;
      field = undefined;
    } else if (piece === ")") groups.pop();
    else if (piece[0] === '"') add(start, start + piece.length, unquote(piece));
    else readWord(piece, start, start + piece.length);
  }
  return { clauses, hasTopLevelOr };
};
