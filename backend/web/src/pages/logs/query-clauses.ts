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
  /** Whether the text may be put in parentheses: its own are paired, and it does not end in an escape. */
  readonly isClosed: boolean;
}

/**
 * Blanks, a parenthesis, a quoted text, a range behind a colon, a lone `\` at the end, or a word:
 * anything else without blanks, where `\` escapes one character.
 */
const PIECE = /\s+|[()]|"(?:\\.|[^"\\])*"?|(?<=:\s*)[[{][^\]}]*[\]}]?|(?:\\.|(?!(?<=:)[[{])[^\s()"\\])+|\\/gsuy;

/** A field's name and its colon. `http://` is an address and no field. */
const FIELD = /^((?:[\p{L}_@]|\\.)(?:[\p{L}\p{N}_.@$#/-]|\\.)*):(?!\/\/)/su;

const unescape = (text: string): string => text.replace(/\\(.)/gsu, "$1");

/** Between quotes only quotes and backslashes are escaped, so that Windows paths survive. */
const unquote = (text: string): string => {
  const isEnded = /^"(?:\\.|[^"\\])*"$/su.test(text);
  return text.slice(1, isEnded ? -1 : undefined).replace(/\\(["\\])/g, "$1");
};

export const readClauses = (query: string): ReadQuery => {
  const clauses: Clause[] = [];
  const groups: { readonly negated: boolean; readonly field: string | undefined }[] = [];
  let hasTopLevelOr = false;
  let isClosed = true;
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
    const named = field === undefined ? FIELD.exec(word) : null;
    if (named === null) return add(start, end, unescape(word));
    field = { name: unescape(named[1]), start };
    if (named[0].length < word.length) add(start, end, unescape(word.slice(named[0].length)));
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
    } else if (piece === ")") {
      if (groups.pop() === undefined) isClosed = false;
    } else if (piece === "\\") isClosed = false;
    else if (piece[0] === '"') add(start, start + piece.length, unquote(piece));
    else readWord(piece, start, start + piece.length);
  }
  return { clauses, hasTopLevelOr, isClosed: isClosed && groups.length === 0 };
};
