/** Queries -> SQL: SELECT by SELECT, from the inside of FROM to the outside of LIMIT. */

import { and, join, param, sql, type Fragment, type Statement, type TenantScope } from "../../sql/sql.ts";
import type { Bound } from "./bound.ts";
import { ordered } from "./compile-call.ts";
import { compileExpression } from "./compile-expression.ts";
import { sqlError, type Span } from "./errors.ts";
import { hoist, wordConditions } from "./hoist.ts";
import { columnName, commas, tableName } from "./identifiers.ts";
import { columnBound, unknownColumn } from "./names.ts";
import type { Place } from "./place.ts";
import { narrowRight, pieceCondition, timeRangeLink, type TimeRangeLink } from "./range-join.ts";
import { columnOf, matches, Relations, tableRelation, type Relation } from "./scope.ts";
import type { CommonTable, Expression, From, JoinKind, Name, OrderItem, Query, Select, SelectItem } from "./syntax.ts";
import { findTable, SQL_TABLES, type Bounds, type Kind, type Table } from "./tables.ts";

/** Bounds on what one statement may become. */
export const MAX_TABLES = 32;
export const MAX_COLUMNS = 1_000;
const MAX_SIZE = 20_000;

export interface OutputColumn {
  readonly name: string;
  readonly kind: Kind;
  /** `c7` */
  readonly id: Fragment;
}

export interface CompiledQuery {
  readonly fragment: Fragment;
  readonly columns: readonly OutputColumn[];
}

export interface CompilerOptions {
  readonly scope: TenantScope;
  readonly nowNs: bigint;
  /** The text of the statement: expressions without a name are called as they were written. */
  readonly text: string;
  /** Of every table that is read. */
  readonly bounds: Bounds;
}

type Tables = ReadonlyMap<string, CommonTable & { readonly outer: Tables }>;

/** What is found out about a FROM on the way through it. */
interface Joins {
  readonly relations: Relations;
  readonly merged: Map<string, Relation>;
  readonly links: TimeRangeLink[];
  /** Right sides of ASOF joins. */
  readonly nearest: Set<Relation>;
}

interface Item {
  readonly name: string;
  readonly bound: Bound;
  readonly at: Span;
}

const JOINS: Readonly<Record<JoinKind, Fragment>> = {
  inner: sql`INNER JOIN`,
  left: sql`LEFT JOIN`,
  right: sql`RIGHT JOIN`,
  full: sql`FULL JOIN`,
  cross: sql`CROSS JOIN`,
  asof: sql`ASOF JOIN`,
  "asof-left": sql`LEFT ASOF JOIN`,
};

export class Compiler {
  readonly #options: CompilerOptions;
  /** Tables that people see, every time that they are read. */
  readonly reads: { readonly table: Table; readonly bounds: Bounds }[] = [];
  readonly #subqueries = new Map<Query, { readonly fragment: Fragment; readonly columns: number; readonly number: number }>();
  readonly #work = { done: 0 };
  #relations = 0;
  #columns = 0;

  constructor(options: CompilerOptions) {
    this.#options = options;
  }

  /** The statement as a whole, with at most `maxRows` rows. Throws ApiError(invalid_query). */
  statement(query: Query, maxRows: number): { statement: Statement; columns: readonly OutputColumn[] } {
    const { fragment, columns } = this.#query(query, new Map(), maxRows);
    const { scope } = this.#options;
    // One that reads no table is somebody's too: it waits for its turn among the tenant's others.
    const body = this.reads.length > 0 ? fragment : sql`SELECT * FROM (${fragment}) WHERE ${scope.tenantValue} != ''`;
    return { statement: scope.statement(body), columns };
  }

  #query(query: Query, outer: Tables, maxRows?: number): CompiledQuery {
    let tables = outer;
    for (const table of query.with) {
      if (query.with.some((other) => other !== table && other.name.text === table.name.text)) throw sqlError(`There are two common tables ${JSON.stringify(table.name.text)}`, table.name.at);
      tables = new Map([...tables, [table.name.text, { ...table, outer: tables }]]);
    }
    const limit = limitOf(query, maxRows);
    if (query.body.kind === "select") return this.#select(query.body, tables, query, limit);
    return this.#union(query, tables, limit);
  }

  #union({ body, orderBy, limitBy }: Query, tables: Tables, limit: Fragment): CompiledQuery {
    if (body.kind !== "union") throw new Error("BUG: not a union");
    const [left, right] = [this.#query(body.left, tables), this.#query(body.right, tables)];
    if (left.columns.length !== right.columns.length) throw sqlError(`The sides of UNION have ${left.columns.length} and ${right.columns.length} columns`, body.at);
    const alias = tableName(this.#nextRelation(body.at));
    const columns = left.columns.map(({ name, kind, id }) => ({ name, kind, inner: id, id: this.#nextColumn(body.at) }));
    const relations = new Relations();
    relations.add({ name: undefined, alias, id: -1, columns: columns.map(({ name, kind, id }) => ({ name, kind, use: () => id })), present: () => sql`1`, base: undefined, render: () => sql`` });
    const place: Place = { ...this.#place(relations, new Map(), tables, []), noAggregate: "ORDER BY behind UNION names its columns", noWindow: "ORDER BY behind UNION names its columns" };
    const order = this.#orderBy(orderBy, columns.map(({ name, kind, id }) => ({ name, at: body.at, bound: columnBound(relations.all[0]!, { name, kind, use: () => id }, body.at) })), place);
    const by = limitBy ? sql` LIMIT ${param.uint64(limitBy.limit)} BY ${commas(limitBy.by.map((one) => compileExpression(one, place).fragment))}` : sql``;
    const listed = commas(columns.map(({ inner, id }) => sql`${alias}.${inner} AS ${id}`));
    return { fragment: sql`SELECT ${listed} FROM (${left.fragment} ${body.all ? sql`UNION ALL` : sql`UNION DISTINCT`} ${right.fragment}) AS ${alias}${order}${by}${limit}`, columns };
  }

  #select(select: Select, tables: Tables, { orderBy, limitBy }: Query, limit: Fragment): CompiledQuery {
    const relations = new Relations();
    const merged = new Map<string, Relation>();
    const joins: Joins = { relations, merged, links: [], nearest: new Set() };
    const from = select.from && this.#from(select.from, joins, tables);
    const bare = this.#place(relations, merged, tables, select.windows);
    const aliases = this.#aliases(select.items, bare);
    const inWhere: Place = { ...bare, aliases, noAggregate: "WHERE stands before aggregation: use HAVING", noWindow: "A window stands only behind SELECT and ORDER BY" };
    hoist(select.where, inWhere, joins.nearest, compileExpression);
    for (const link of joins.links) narrowRight(link);
    const where = select.where && and([...wordConditions(select.where, inWhere, compileExpression), compileExpression(select.where, inWhere).fragment]);
    const groups = this.#groups(select, { ...inWhere, aliasesFirst: true, noAggregate: "GROUP BY stands before aggregation" });
    // A first look tells whether there is an aggregate at all.
    const aggregated = groups.length > 0 || select.having !== undefined || this.#items(select.items, bare).some(({ bound }) => bound.aggregate) || orderBy.some(({ expression }) => holdsAggregate(expression, { ...bare, aliases }));
    const after: Place = { ...bare, ...(aggregated && { groups: new Set(groups.map(({ key }) => key)) }) };
    const items = this.#items(select.items, after);
    const afterAliases: Place = { ...after, aliases: this.#aliases(select.items, after), aliasesFirst: true };
    const having = select.having && compileExpression(select.having, { ...afterAliases, noWindow: "A window stands only behind SELECT and ORDER BY" });
    if (aggregated) for (const bound of [...items.map((item) => item.bound), ...(having ? [having] : [])]) requireGrouped(bound);
    const columns = items.map(({ name, bound }) => ({ name, kind: bound.kind, id: this.#nextColumn(select.at) }));
    const order = this.#orderBy(orderBy, items, afterAliases, aggregated);
    const by = limitBy ? sql` LIMIT ${param.uint64(limitBy.limit)} BY ${commas(limitBy.by.map((one) => compileExpression(one, afterAliases).fragment))}` : sql``;
    const listed = commas(items.map(({ bound }, i) => sql`${bound.kind === "bool" ? sql`toBool(${bound.fragment})` : bound.fragment} AS ${columns[i]!.id}`));
    // All uses are known now, so tables can be written.
    const fragment = sql`SELECT ${select.distinct ? sql`DISTINCT ` : sql``}${listed}${from ? sql` FROM ${from()}` : sql``}${where ? sql` WHERE ${where}` : sql``}${
      groups.length === 0 ? sql`` : sql` GROUP BY ${commas(groups.map((group) => group.fragment))}`
    }${having ? sql` HAVING ${having.fragment}` : sql``}${order}${by}${limit}`;
    return { fragment, columns };
  }

  #place(relations: Relations, merged: Map<string, Relation>, tables: Tables, windows: Select["windows"]): Place {
    return {
      nowNs: this.#options.nowNs,
      relations,
      merged,
      subqueries: {
        // Expressions are looked at more than once; the queries in them are read once.
        compile: (query) => {
          const known = this.#subqueries.get(query);
          if (known) return known;
          const { fragment, columns } = this.#query(query, tables);
          const compiled = { fragment, columns: columns.length, number: this.#subqueries.size };
          this.#subqueries.set(query, compiled);
          return compiled;
        },
      },
      windows: new Map(windows.map(({ name, window }) => [name.text, window])),
      aliases: undefined,
      aliasesFirst: false,
      groups: undefined,
      noAggregate: undefined,
      noWindow: undefined,
      parameters: [],
      depth: 0,
      work: this.#work,
    };
  }

  /** What the SELECT's names for its items mean. One that means itself is not looked up. */
  #aliases(items: readonly SelectItem[], place: Place): (name: Name) => Bound | undefined {
    const looking = new Set<Expression>();
    const find = (name: Name): Bound | undefined => {
      const item = items.find((one) => one.kind === "expression" && one.alias && matches(name, one.alias.text));
      if (item?.kind !== "expression" || looking.has(item.expression)) return undefined;
      looking.add(item.expression);
      try {
        return compileExpression(item.expression, { ...place, aliases: find });
      } finally {
        looking.delete(item.expression);
      }
    };
    return find;
  }

  #items(items: readonly SelectItem[], place: Place): Item[] {
    const withAliases = { ...place, aliases: this.#aliases(items, place) };
    let size = 0;
    return items.flatMap((item): Item[] => {
      if (item.kind === "star") return starItems(item, place);
      const { expression, alias } = item;
      const bound = compileExpression(expression, withAliases);
      size += bound.size;
      if (size > MAX_SIZE) throw sqlError("The statement is too large", expression.at, `Its names stand for more than ${MAX_SIZE} parts.`);
      return [{ name: alias?.text ?? this.#nameOf(expression), bound, at: expression.at }];
    });
  }

  #nameOf(expression: Expression): string {
    if (expression.kind === "name") return expression.path.at(-1)!.text;
    return this.#options.text.slice(expression.at.start, expression.at.end).replaceAll(/\s+/g, " ").slice(0, 100);
  }

  #groups({ groupBy, items }: Select, place: Place): Bound[] {
    return groupBy.flatMap((one) => {
      const item = positionOf(one, items);
      if (item) return [compileExpression(item, { ...place, aliasesFirst: false })];
      if (one.kind === "tuple") return one.items.map((part) => compileExpression(part, place));
      return [compileExpression(one, place)];
    });
  }

  #orderBy(items: readonly OrderItem[], selected: readonly Item[], place: Place, aggregated = false): Fragment {
    if (items.length === 0) return sql``;
    const bounds = items.map(({ expression }) => {
      const position = expression.kind === "number" ? selected[Number(expression.text) - 1] : undefined;
      if (expression.kind === "number" && !position) throw sqlError(`There is no column ${expression.text}`, expression.at, `There are ${selected.length}.`);
      const bound = position?.bound ?? compileExpression(expression, place);
      if (aggregated) requireGrouped(bound);
      return bound;
    });
    return sql` ORDER BY ${commas(items.map((item, i) => ordered(item, bounds[i]!)))}`;
  }

  /** Tables are written later, when it is known which of their columns are read. */
  #from(from: From, joins: Joins, tables: Tables): () => Fragment {
    const { relations, merged, links, nearest } = joins;
    if (from.kind !== "join") {
      const relation = this.#source(from, tables);
      relations.add(relation);
      return () => sql`(${relation.render()}) AS ${relation.alias}`;
    }
    const left = this.#from(from.left, joins, tables);
    const lefts = [...relations.all];
    const right = this.#from(from.right, joins, tables);
    const relation = relations.all.at(-1)!;
    if (from.join === "asof" || from.join === "asof-left") nearest.add(relation);
    const place: Place = { ...this.#place(relations, merged, tables, []), noAggregate: "ON stands before aggregation", noWindow: "ON stands before windows" };
    const condition = from.using.length > 0 ? usingCondition(from.using, lefts, relation, from.join, merged) : from.on && compileExpression(from.on, place).fragment;
    const link = from.join === "inner" || from.join === "left" ? timeRangeLink(from.on, relation, lefts, place, compileExpression) : undefined;
    if (link) links.push(link);
    const piece = link && pieceCondition(link);
    return () => sql`${left()} ${JOINS[from.join]} ${right()}${condition ? sql` ON ${condition}${piece ? sql` AND ${piece}` : sql``}` : sql``}`;
  }

  #source(from: Exclude<From, { kind: "join" }>, tables: Tables): Relation {
    const number = this.#nextRelation(from.at);
    const alias = tableName(number);
    if (from.kind === "subquery") return derived(this.#query(from.query, tables), from.alias, alias, number);
    const common = tables.get(from.name.text);
    if (common) {
      const compiled = this.#query(common.query, common.outer);
      if (common.columns.length > 0 && common.columns.length !== compiled.columns.length) throw sqlError(`${JSON.stringify(common.name.text)} names ${common.columns.length} of ${compiled.columns.length} columns`, common.name.at);
      const columns = compiled.columns.map((column, i) => ({ ...column, name: common.columns[i]?.text ?? column.name }));
      return derived({ ...compiled, columns }, from.alias ?? from.name, alias, number);
    }
    const table = findTable(from.name.text);
    if (!table) throw sqlError(`There is no table ${JSON.stringify(from.name.text)}`, from.name.at, `There are ${SQL_TABLES.map(({ name }) => name).join(", ")}.`);
    const bounds = { ...this.#options.bounds };
    this.reads.push({ table, bounds });
    return tableRelation(this.#options.scope, table, from.alias ?? from.name, alias, number, bounds);
  }

  #nextRelation(at: Span): number {
    if (this.#relations >= MAX_TABLES) throw sqlError("The statement reads from too many tables", at, `It may read from ${MAX_TABLES}; a common table counts every time that it is read.`);
    return this.#relations++;
  }

  #nextColumn(at: Span): Fragment {
    if (this.#columns >= MAX_COLUMNS) throw sqlError("The statement has too many columns", at, `It may have ${MAX_COLUMNS}.`);
    return columnName(this.#columns++);
  }
}

const limitOf = ({ limit, offset }: Query, maxRows: number | undefined): Fragment => {
  const rows = limit === undefined ? maxRows : Math.min(limit, maxRows ?? limit);
  return sql`${rows === undefined ? sql`` : sql` LIMIT ${param.uint64(rows)}`}${offset === undefined ? sql`` : sql` OFFSET ${param.uint64(offset)}`}`;
};

const derived = ({ fragment, columns }: CompiledQuery, name: Name | undefined, alias: Fragment, id: number): Relation => ({
  name,
  alias,
  id,
  columns: columns.map((column) => ({ name: column.name, kind: column.kind, use: () => sql`${alias}.${column.id}` })),
  present: () => sql`${alias}.present`,
  base: undefined,
  render: () => sql`SELECT *, toUInt8(1) AS present FROM (${fragment})`,
});

const starItems = ({ of, except, at }: Extract<SelectItem, { kind: "star" }>, { relations, merged }: Place): Item[] => {
  const found = of ? relations.find(of) : undefined;
  if (of && !found) throw sqlError(`There is no table ${JSON.stringify(of.text)}`, of.at);
  if (relations.all.length === 0) throw sqlError("A star needs a FROM", at);
  const chosen = found ? [found] : relations.all;
  for (const name of except) if (!chosen.some((relation) => columnOf(relation, name))) throw unknownColumn([name], chosen, name.at);
  return chosen.flatMap((relation) =>
    relation.columns
      .filter(({ name }) => !except.some((one) => matches(one, name)) && (of !== undefined || (merged.get(name) ?? relation) === relation))
      .map((column) => ({ name: column.name, bound: columnBound(relation, column, at), at })),
  );
};

const usingCondition = (names: readonly Name[], lefts: readonly Relation[], right: Relation, kind: JoinKind, merged: Map<string, Relation>): Fragment => {
  if (kind === "full") throw sqlError("A FULL JOIN has ON", names[0]!.at, "Write ON a.host = b.host, and coalesce(a.host, b.host) for the column.");
  const conditions = names.map((name) => {
    const left = merged.get(name.text) ?? lefts.find((relation) => columnOf(relation, name));
    const [one, other] = [left && columnOf(left, name), columnOf(right, name)];
    if (!left || !one) throw unknownColumn([name], lefts, name.at);
    if (!other) throw unknownColumn([name], [right], name.at);
    merged.set(name.text, kind === "right" ? right : left);
    return sql`${one.use()} = ${other.use()}`;
  });
  return join(conditions, sql` AND `);
};

const requireGrouped = ({ bare }: Bound): void => {
  const column = bare[0];
  if (column) throw sqlError(`${JSON.stringify(column.name)} is neither grouped by nor in an aggregate`, column.at, `Add it to GROUP BY, or write any(${column.name}).`);
};

const positionOf = (expression: Expression, items: readonly SelectItem[]): Expression | undefined => {
  if (expression.kind !== "number") return undefined;
  const item = items[Number(expression.text) - 1];
  if (item?.kind !== "expression") throw sqlError(`There is no column ${expression.text} to group by`, expression.at);
  return item.expression;
};

const holdsAggregate = (expression: Expression, place: Place): boolean => compileExpression(expression, { ...place, groups: undefined }).aggregate;
