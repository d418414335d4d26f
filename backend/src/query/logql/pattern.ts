/**
 * `| pattern "<ip> - <user> [<_>]"` and the line filters `|>` and `!>`: text with captures in it. A capture runs
 * up to where the text behind it first stands; `<_>` has no name.
 */

export type PatternNode = { readonly literal: string } | { readonly capture: string };

const CAPTURE = /<([a-zA-Z_][a-zA-Z0-9_]*)>/g;

const nodesOf = (pattern: string): PatternNode[] => {
  const nodes: PatternNode[] = [];
  let at = 0;
  for (const match of pattern.matchAll(CAPTURE)) {
    if (match.index > at) nodes.push({ literal: pattern.slice(at, match.index) });
    nodes.push({ capture: match[1]! });
    at = match.index + match[0].length;
  }
  if (at < pattern.length) nodes.push({ literal: pattern.slice(at) });
  for (const [index, node] of nodes.entries()) {
    const next = nodes[index + 1];
    if (next && "capture" in node && "capture" in next) throw new Error(`invalid pattern: found consecutive captures '<${node.capture}><${next.capture}>': text must stand between them`);
  }
  return nodes;
};

/** Throws Error for a pattern that captures nothing, or one name twice. */
export const parsePattern = (pattern: string): readonly PatternNode[] => {
  const nodes = nodesOf(pattern);
  const names = nodes.flatMap((node) => ("capture" in node && node.capture !== "_" ? [node.capture] : []));
  if (names.length === 0) throw new Error("invalid pattern: at least one named capture is required, such as <method>");
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`invalid pattern: duplicate capture name: ${twice}`);
  return nodes;
};

/** Of a line filter: literals with anything between them. Throws Error for a capture with a name. */
export const parseLinePattern = (pattern: string): readonly PatternNode[] => {
  const nodes = nodesOf(pattern);
  const named = nodes.find((node) => "capture" in node && node.capture !== "_");
  if (named) throw new Error("invalid pattern: named captures are not allowed in a line filter: write <_>");
  return nodes;
};

/** RE2 for the whole of a line that a line filter's pattern finds. */
export const regexOfLinePattern = (nodes: readonly PatternNode[]): string =>
  `(?s:${nodes.map((node) => ("capture" in node ? ".*" : node.literal.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`).replaceAll(/[\u0000-\u001f\u007f]/g, (char) => `\\x{${char.charCodeAt(0).toString(16)}}`))).join("")})`;

/** Names and values in the order of the pattern; undefined when the line does not begin as it does. */
export const capture = (nodes: readonly PatternNode[], line: string): (readonly [name: string, value: string])[] | undefined => {
  const captures: [string, string][] = [];
  let rest = line;
  let open: string | undefined;
  for (const node of nodes) {
    if ("capture" in node) {
      open = node.capture;
      continue;
    }
    const at = rest.indexOf(node.literal);
    if (open === undefined && at !== 0) return undefined;
    if (open !== undefined) {
      if (open !== "_") captures.push([open, at < 0 ? rest : rest.slice(0, at)]);
      if (at < 0) return captures;
      open = undefined;
    }
    rest = rest.slice(at + node.literal.length);
  }
  if (open !== undefined && open !== "_") captures.push([open, rest]);
  return captures;
};
