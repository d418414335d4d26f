/**
 * What a statement's text is checked for. Values are never in the text, so whatever these find was
 * written by one of us: every failure is a bug, found the first time that the statement is built.
 */

/** A parameter's placeholder written by hand would meet another parameter's value. */
const PLACEHOLDER = /\{\s*[A-Za-z_]\w*\s*:/;

/** Refuses literal text that could pass for a parameter. */
export const checkLiteral = (literal: string): void => {
  if (PLACEHOLDER.test(literal)) throw new Error(`BUG: write parameters with param.*, not by hand: ${literal}`);
};

const TOKEN = /'(?:[^'\\]|\\.|'')*'|`[^`]*`|"[^"]*"|--|\/\*|[()]|[A-Za-z_][\w.]*|\|\||\?/g;
const OPENS_A_TABLE = new Set(["FROM", "JOIN", "INTO", "TABLE", "UPDATE", "DATABASE"]);
/** At the level of the tenant's condition these would let rows pass without it. */
const LOOSENS = new Set(["OR", "XOR", "?", "WHERE", "FROM", "JOIN"]);
/** ... and after these the conditions are over. */
const ENDS_CONDITIONS = new Set(["GROUP", "ORDER", "LIMIT", "HAVING", "WINDOW", "QUALIFY", "SETTINGS", "UNION", "INTERSECT", "EXCEPT", "FORMAT"]);

/** With a database before it or without, and a shard's own table too. Quoted names are not written by us: sql.test.ts. */
const isTenantTable = (token: string, tables: ReadonlySet<string>): boolean => tables.has(token.toLowerCase().replace(/^\w+\./, "").replace(/_local$/, ""));

/**
 * Holds a tenant's statement to its conditions. `openings` are the offsets of the `FROM` that
 * `TenantScope.from` wrote. Refused: naming a tenant's table in any other way, and an `OR` beside
 * the tenant's condition (`WHERE tenant = x AND a OR b` reads other tenants' rows; put it in
 * parentheses). `tables` are the names of tenants' tables.
 */
export const checkTenantConditions = (text: string, openings: readonly number[], tables: ReadonlySet<string>): void => {
  const fail = (reason: string): never => {
    throw new Error(`BUG: ${reason}: ${text}`);
  };
  const allowed = new Set(openings);
  /** Depths of parentheses at which a tenant's conditions are being written. */
  const guarded = new Set<number>();
  let depth = 0;
  let previous = "";
  let inOpening = false;
  for (const match of text.matchAll(TOKEN)) {
    const token = match[0];
    const word = token.toUpperCase();
    if (token === "--" || token === "/*") fail("no comments in SQL");
    const opens = allowed.has(match.index);
    if (guarded.has(depth) && !inOpening && !opens && LOOSENS.has(word)) fail(`"${token}" beside a tenant's condition needs parentheses`);
    if (ENDS_CONDITIONS.has(word)) guarded.delete(depth);
    if (token === "(") depth++;
    else if (token === ")") guarded.delete(depth--);
    if (depth < 0) fail("unbalanced parentheses");
    if (OPENS_A_TABLE.has(previous) && isTenantTable(token, tables) && !inOpening && previous !== "INTO") fail(`"${token}" is read without TenantScope.from`);
    if (opens) {
      guarded.add(depth);
      inOpening = true;
    } else if (inOpening && word === "WHERE") inOpening = false;
    previous = word;
  }
  if (depth !== 0) fail("unbalanced parentheses");
};
