/** Names in generated SQL: a letter and a number. What people call things never gets there. */

import { join, sql, type Fragment } from "../../sql/sql.ts";

const DIGITS = [sql`0`, sql`1`, sql`2`, sql`3`, sql`4`, sql`5`, sql`6`, sql`7`, sql`8`, sql`9`];
const NOTHING = sql``;

const numbered = (letter: Fragment, number: number): Fragment => join([letter, ...String(number).split("").map((digit) => DIGITS[Number(digit)]!)], NOTHING);

/** What is read from. */
export const tableName = (number: number): Fragment => numbered(sql`t`, number);
/** A column that a SELECT makes. */
export const columnName = (number: number): Fragment => numbered(sql`c`, number);
/** A column of a table that people see. */
export const tableColumnName = (number: number): Fragment => numbered(sql`v`, number);
/** The stored bytes of a column of a table that is shown as hexadecimal digits. */
export const bytesName = (number: number): Fragment => numbered(sql`b`, number);
export const windowName = (number: number): Fragment => numbered(sql`w`, number);
export const parameterName = (number: number): Fragment => numbered(sql`x`, number);

/** Separated by commas. */
export const commas = (items: readonly Fragment[]): Fragment => join(items, sql`, `);
