/** Where in a JSON document a value is: `request.headers["User-Agent"]`, `servers[0].name`. */

const PART = /(?:^|\.)([a-zA-Z_][\w-]*)|\[\s*(\d{1,9})\s*\]|\[\s*("(?:\\.|[^"\\])*")\s*\]/gy;

export type JsonPath = readonly (string | number)[];

/** Throws Error with the place of a fault. */
export const parseExpression = (text: string): JsonPath => {
  const path: (string | number)[] = [];
  PART.lastIndex = 0;
  let at = 0;
  for (let match = PART.exec(text); match; match = PART.exec(text)) {
    const [whole, name, index, quoted] = match;
    path.push(name ?? (index === undefined ? (JSON.parse(quoted!) as string) : Number(index)));
    at += whole.length;
  }
  if (path.length === 0 || at !== text.length) throw new Error(`cannot parse expression [${text}]: unexpected ${JSON.stringify(text[at] ?? "end")} at ${at + 1}: names stand after points, or quoted in brackets`);
  return path;
};

/** undefined where there is nothing. */
export const valueAt = (document: unknown, path: JsonPath): unknown => {
  let value = document;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
};
