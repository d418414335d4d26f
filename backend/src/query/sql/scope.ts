/** What names mean inside of one SELECT: the tables behind its FROM and their columns. */

import { sql, type Fragment, type TenantScope } from "../../sql/sql.ts";
import { bytesName, tableColumnName } from "./identifiers.ts";
import { sqlError } from "./errors.ts";
import type { Name } from "./syntax.ts";
import type { Bounds, Kind, Table } from "./tables.ts";

export interface Column {
  readonly name: string;
  readonly kind: Kind;
  /** How the SELECT around speaks of it. Asking makes it be read. */
  readonly use: () => Fragment;
  readonly bytes?: () => Fragment;
}

/** One entry of a FROM. */
export interface Relation {
  readonly name: Name | undefined;
  /** `t0` */
  readonly alias: Fragment;
  /** The same for whoever must tell two relations apart. */
  readonly id: number;
  readonly columns: readonly Column[];
  /** Something of every row that is never NULL by itself: it tells matched rows of an outer join. */
  readonly present: () => Fragment;
  /** A table that people see, else undefined. */
  readonly base: BaseRelation | undefined;
  /** The SELECT that stands for it, without parentheses; asked when all uses are known. */
  readonly render: () => Fragment;
}

export interface BaseRelation {
  readonly table: Table;
  readonly bounds: Bounds;
  /** Columns over the stored ones that only the compiler asks for. */
  readonly extra: Fragment[];
}

export const matches = (wanted: Name, name: string): boolean => wanted.text === name || (!wanted.quoted && wanted.text.toLowerCase() === name.toLowerCase());

export const tableRelation = (scope: TenantScope, table: Table, name: Name, alias: Fragment, id: number, bounds: Bounds): Relation => {
  const columns = new Set<number>();
  const bytes = new Set<number>();
  const extra: Fragment[] = [];
  let counted = false;
  return {
    name,
    alias,
    id,
    columns: table.columns.map((column, number) => ({
      name: column.name,
      kind: column.kind,
      use: () => {
        columns.add(number);
        return sql`${alias}.${tableColumnName(number)}`;
      },
      ...(column.bytes && {
        bytes: () => {
          bytes.add(number);
          return sql`${alias}.${bytesName(number)}`;
        },
      }),
    })),
    present: () => {
      counted = true;
      return sql`${alias}.present`;
    },
    base: { table, bounds, extra },
    render: () => table.read(scope, { columns, bytes, extra: counted ? [...extra, sql`toUInt8(1) AS present`] : extra }, bounds),
  };
};

export class Relations {
  readonly #relations: Relation[] = [];

  get all(): readonly Relation[] {
    return this.#relations;
  }

  add(relation: Relation): void {
    const { name } = relation;
    if (name && this.#relations.some((other) => other.name && matches(name, other.name.text))) throw sqlError(`There are two tables ${JSON.stringify(name.text)}`, name.at, "Give one of them another name: FROM logs AS other.");
    this.#relations.push(relation);
  }

  find(name: Name): Relation | undefined {
    return this.#relations.find((relation) => relation.name && relation.name.text === name.text) ?? this.#relations.find((relation) => relation.name && matches(name, relation.name.text));
  }
}

/** The column of a relation: by its exact name, else in any case. Throws when two have the name. */
export const columnOf = (relation: Relation, name: Name): Column | undefined => {
  const exact = relation.columns.filter((column) => column.name === name.text);
  const found = exact.length > 0 ? exact : relation.columns.filter((column) => matches(name, column.name));
  if (found.length > 1) throw sqlError(`There are two columns ${JSON.stringify(name.text)}`, name.at, "Give one of them another name with AS.");
  return found[0];
};
