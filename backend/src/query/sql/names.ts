/** What a name with its dots means: a column, an entry of a map, or what the SELECT itself calls so. */

import { param, sql, type Fragment } from "../../sql/sql.ts";
import { CORE_FIELD_NAMES } from "../fields.ts";
import { composed, constant, keyOf, type Bound } from "./bound.ts";
import { sqlError, type Span } from "./errors.ts";
import { columnOf, matches, type Column, type Relation, type Relations } from "./scope.ts";
import type { Name } from "./syntax.ts";

const CONTEXT = "context";
const ATTRIBUTES = "attributes";

export const columnBound = (relation: Relation, column: Column, at: Span): Bound =>
  constant(column.use(), column.kind, `t${relation.id}.${column.name}`, { bare: [{ name: column.name, at }], ...(column.bytes && { bytes: column.bytes }) });

export const entryOf = (map: Bound, key: string, at: Span): Bound => composed(sql`${map.fragment}[${param.string(key)}]`, "text", `entry:${keyOf(key)}`, [map], at);

/** `context.x` and `x` are the same attribute, filed by different doors; see fields.ts. */
const attribute = (relation: Relation, path: readonly Name[], at: Span): Bound | undefined => {
  const column = relation.base && relation.columns.find(({ name }) => name === ATTRIBUTES);
  if (!column) return undefined;
  const map = columnBound(relation, column, at);
  const name = textOf(path);
  const [first, second] = path[0]!.text === CONTEXT ? [name, textOf(path.slice(1))] : [name, `${CONTEXT}.${name}`];
  const entry: (key: string) => Fragment = (key) => sql`${map.fragment}[${param.string(key)}]`;
  return composed(sql`if(${entry(first)} != '', ${entry(first)}, ${entry(second)})`, "text", `attribute:${keyOf(name)}`, [map], at);
};

const textOf = (path: readonly Name[]): string => path.map(({ text }) => text).join(".");

/** The column that search calls `service.name` or `@timestamp`. */
const fieldColumn = (relation: Relation, path: readonly Name[]): Column | undefined => {
  if (!relation.base) return undefined;
  const canonical = CORE_FIELD_NAMES.find((names) => names.includes(textOf(path)))?.[0]!.replace("@", "");
  return relation.columns.find(({ name }) => name === canonical);
};

const inRelation = (relation: Relation, path: readonly Name[], at: Span): Bound | undefined => {
  const column = columnOf(relation, path[0]!);
  if (column && path.length === 1) return columnBound(relation, column, at);
  if (column?.kind === "map") return entryOf(columnBound(relation, column, at), textOf(path.slice(1)), at);
  const field = fieldColumn(relation, path);
  if (field) return columnBound(relation, field, at);
  return column || path.length === 1 ? undefined : attribute(relation, path, at);
};

/** Of all tables of the FROM. undefined when there is none. Throws when it could be several. */
export const resolveName = (relations: Relations, path: readonly Name[], at: Span, merged: ReadonlyMap<string, Relation>): Bound | undefined => {
  const relation = path.length > 1 ? relations.find(path[0]!) : undefined;
  if (relation) {
    const found = inRelation(relation, path.slice(1), at);
    if (!found) throw unknownColumn(path.slice(1), [relation], at);
    return found;
  }
  const first = path[0]!;
  const having = relations.all.filter((one) => columnOf(one, first));
  const chosen = having.length > 1 ? having.find((one) => merged.get(first.text) === one) : having[0];
  if (having.length > 1 && !chosen) {
    throw sqlError(`${JSON.stringify(first.text)} could be of several tables`, at, `Write ${having.map(({ name }) => `${name?.text ?? "?"}.${first.text}`).join(" or ")}.`);
  }
  if (chosen) return inRelation(chosen, path, at);
  const found = relations.all.flatMap((one) => inRelation(one, path, at) ?? []);
  if (found.length > 1) throw sqlError(`${JSON.stringify(textOf(path))} could be of several tables`, at, "Put the table's name and a dot before it.");
  return found[0];
};

export const unknownColumn = (path: readonly Name[], relations: readonly Relation[], at: Span): Error => {
  const name = textOf(path);
  const columns = relations.flatMap((relation) => relation.columns.map((column) => column.name));
  const near = columns.find((column) => matches(path[0]!, column)) ?? columns.find((column) => distance(column, name.toLowerCase()) <= 2);
  const map = relations.find(({ base }) => base)?.base!.table.map;
  const hint = near !== undefined && near !== name ? `Did you mean ${near}?` : map !== undefined ? `Entries of the map are ${map}['${name}'].` : columns.length > 0 ? `There are ${columns.slice(0, 12).join(", ")}.` : "There is no FROM.";
  return sqlError(`There is no column ${JSON.stringify(name)}`, at, hint);
};

/** How many characters differ, up to where it no longer matters. */
const distance = (one: string, other: string): number => {
  if (Math.abs(one.length - other.length) > 2 || other.length < 3) return 3;
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[other.length]!;
};
