/** The tree of a statement, as it was written: nothing is looked up yet. */

import type { Span } from "./errors.ts";

export type Statement =
  | { readonly kind: "query"; readonly query: Query }
  | { readonly kind: "show-tables" }
  | { readonly kind: "describe"; readonly table: Name };

export interface Name {
  readonly text: string;
  /** In double quotes or backticks: never a keyword, and compared as it stands. */
  readonly quoted: boolean;
  readonly at: Span;
}

export interface Query {
  readonly with: readonly CommonTable[];
  readonly body: Select | Union;
  readonly orderBy: readonly OrderItem[];
  readonly limitBy: { readonly limit: number; readonly by: readonly Expression[] } | undefined;
  readonly limit: number | undefined;
  readonly offset: number | undefined;
  readonly at: Span;
}

export interface CommonTable {
  readonly name: Name;
  readonly columns: readonly Name[];
  readonly query: Query;
}

export interface Union {
  readonly kind: "union";
  readonly all: boolean;
  readonly left: Query;
  readonly right: Query;
  readonly at: Span;
}

export interface Select {
  readonly kind: "select";
  readonly distinct: boolean;
  readonly items: readonly SelectItem[];
  readonly from: From | undefined;
  readonly where: Expression | undefined;
  readonly groupBy: readonly Expression[];
  readonly having: Expression | undefined;
  readonly windows: readonly { readonly name: Name; readonly window: Window }[];
  readonly at: Span;
}

export type SelectItem =
  | { readonly kind: "star"; readonly of: Name | undefined; readonly except: readonly Name[]; readonly at: Span }
  | { readonly kind: "expression"; readonly expression: Expression; readonly alias: Name | undefined };

export type From =
  | { readonly kind: "table"; readonly name: Name; readonly alias: Name | undefined; readonly at: Span }
  | { readonly kind: "subquery"; readonly query: Query; readonly alias: Name | undefined; readonly at: Span }
  | {
      readonly kind: "join";
      readonly join: JoinKind;
      readonly left: From;
      readonly right: From;
      readonly on: Expression | undefined;
      readonly using: readonly Name[];
      readonly at: Span;
    };

export type JoinKind = "inner" | "left" | "right" | "full" | "cross" | "asof" | "asof-left";

export interface OrderItem {
  readonly expression: Expression;
  readonly descending: boolean;
  readonly nulls: "first" | "last" | undefined;
}

export interface Window {
  /** The named window that this one begins with. */
  readonly base: Name | undefined;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  readonly frame: { readonly unit: "rows" | "range"; readonly from: FrameBound; readonly to: FrameBound | undefined } | undefined;
}

export type FrameBound = "unbounded-preceding" | "unbounded-following" | "current" | { readonly rows: number; readonly direction: "preceding" | "following" };

export type BinaryOperator = "or" | "and" | "=" | "!=" | "<" | "<=" | ">" | ">=" | "like" | "ilike" | "~" | "~*" | "||" | "+" | "-" | "*" | "/" | "%";

export type DurationUnit = "ns" | "us" | "ms" | "s" | "m" | "h" | "d" | "w" | "month" | "year";

type Node<K extends string, T> = { readonly kind: K; readonly at: Span } & { readonly [P in keyof T]: T[P] };

export type Expression =
  | Node<"number", { text: string }>
  | Node<"string", { value: string }>
  | Node<"null", object>
  | Node<"bool", { value: boolean }>
  | Node<"interval", { count: bigint; unit: DurationUnit }>
  /** `a`, `t.a`, `attributes.a.b`. */
  | Node<"name", { path: readonly Name[] }>
  /** `count(*)`, `count(l.*)`. */
  | Node<"star", { of: Name | undefined }>
  | Node<"call", { name: Name; parameters: readonly Expression[]; arguments: readonly Expression[]; distinct: boolean; filter: Expression | undefined; over: Window | Name | undefined }>
  | Node<"binary", { operator: BinaryOperator; left: Expression; right: Expression }>
  | Node<"not", { operand: Expression }>
  | Node<"minus", { operand: Expression }>
  | Node<"between", { operand: Expression; low: Expression; high: Expression }>
  | Node<"in", { operand: Expression; items: readonly Expression[] | Query }>
  | Node<"is-null", { operand: Expression }>
  | Node<"case", { operand: Expression | undefined; branches: readonly { readonly when: Expression; readonly result: Expression }[]; otherwise: Expression | undefined }>
  | Node<"cast", { operand: Expression; type: Name }>
  | Node<"timestamp", { value: string }>
  | Node<"extract", { unit: Name; operand: Expression }>
  | Node<"index", { operand: Expression; index: Expression }>
  | Node<"array", { items: readonly Expression[] }>
  | Node<"tuple", { items: readonly Expression[] }>
  | Node<"lambda", { parameter: Name; body: Expression }>
  | Node<"subquery", { query: Query }>
  | Node<"exists", { query: Query }>;
