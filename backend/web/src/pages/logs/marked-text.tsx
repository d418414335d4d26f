import { useMemo } from "react";
import { splitMatches } from "./highlight.ts";

/** Text with the query's words marked. */
export const MarkedText = ({ text, terms }: { readonly text: string; readonly terms: readonly string[] }) => {
  const parts = useMemo(() => splitMatches(text, terms), [text, terms]);
  return parts.map((part, i) => (part.matched ? <mark key={i}>{part.text}</mark> : part.text));
};
