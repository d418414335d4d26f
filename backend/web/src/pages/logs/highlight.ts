/** Which words of a query to mark in a message, and where they stand. */

import { readClauses } from "./query-clauses.ts";

/** Texts that a matching message holds, longest first: free text and conditions on the message. */
export const highlightTerms = (query: string): string[] => {
  const terms = readClauses(query)
    .clauses.filter((clause) => !clause.negated && (clause.field === undefined || clause.field === "message"))
    .flatMap((clause) => clause.value.split(/[*?]+/))
    .map((term) => term.trim().toLowerCase())
    .filter((term) => term !== "");
  return [...new Set(terms)].sort((a, b) => b.length - a.length);
};

export interface TextPart {
  readonly text: string;
  readonly matched: boolean;
}

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** The text in parts, of which some match a term (letter case aside). Joined they are the text. */
export const splitMatches = (text: string, terms: readonly string[]): TextPart[] => {
  if (terms.length === 0 || text === "") return [{ text, matched: false }];
  // With one capturing group, split() returns the matches at the odd places.
  return text
    .split(new RegExp(`(${terms.map(escapePattern).join("|")})`, "giu"))
    .map((part, i) => ({ text: part, matched: i % 2 === 1 }))
    .filter((part) => part.text !== "");
};
