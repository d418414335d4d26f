/** SHOW TABLES and DESCRIBE, from the definition itself. */

import type { SqlColumn } from "../../core/sql-queries.ts";
import { sqlError } from "./errors.ts";
import type { Name } from "./syntax.ts";
import { findTable, SQL_TABLES } from "./tables.ts";

export interface Listing {
  readonly columns: readonly SqlColumn[];
  readonly rows: readonly (readonly string[])[];
}

const text = (...names: string[]): SqlColumn[] => names.map((name) => ({ name, type: "String" }));

export const showTables = (): Listing => ({ columns: text("name", "comment"), rows: SQL_TABLES.map(({ name, doc }) => [name, doc]) });

export const describe = (name: Name): Listing => {
  const table = findTable(name.text);
  if (!table) throw sqlError(`There is no table ${JSON.stringify(name.text)}`, name.at, `There are ${SQL_TABLES.map((one) => one.name).join(", ")}.`);
  return { columns: text("name", "type", "comment"), rows: table.columns.map((column) => [column.name, column.type, column.doc]) };
};
