/**
 * The only way from TypeScript to SQL.
 *
 * - Text comes from template literals in our code; every value is a ClickHouse parameter
 *   (`{p0:String}`). A plain string never becomes SQL: `Fragment` and `Statement` cannot be made
 *   from one.
 * - A statement on tenants' tables needs a `TenantScope`, whose `table()` brings the tenant and
 *   `expires` conditions with it. There is no other way to name such a table.
 */

/** Tables that hold rows of tenants. */
export type TenantTable = "logs" | "samples" | "series" | "batches";

const VALUE = Symbol("sql value");
const FRAGMENT = Symbol("sql fragment");

export interface Value {
  readonly [VALUE]: true;
  readonly type: string;
  readonly value: unknown;
}

export interface Fragment {
  readonly [FRAGMENT]: true;
  readonly strings: readonly string[];
  readonly parts: readonly (Fragment | Value)[];
}

export interface Statement {
  readonly text: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const value = (type: string, v: unknown): Value => ({ [VALUE]: true, type, value: v });

/** Typed parameters. Names say the ClickHouse type. */
export const param = {
  string: (v: string) => value("String", v),
  strings: (v: readonly string[]) => value("Array(String)", v),
  int64: (v: bigint | number) => value("Int64", String(v)),
  uint8: (v: number) => value("UInt8", v),
  uint32: (v: number) => value("UInt32", v),
  uint64: (v: bigint | number) => value("UInt64", String(v)),
  uint64s: (v: readonly bigint[]) => value("Array(UInt64)", v),
  uint128: (v: bigint) => value("UInt128", String(v)),
  uint128s: (v: readonly bigint[]) => value("Array(UInt128)", v),
  float64: (v: number) => value("Float64", v),
  bool: (v: boolean) => value("Bool", v),
};

const fragment = (strings: readonly string[], parts: readonly (Fragment | Value)[]): Fragment => ({
  [FRAGMENT]: true,
  strings,
  parts,
});

/** A piece of SQL: literal text with fragments and parameters in it. */
export const sql = (strings: TemplateStringsArray, ...parts: (Fragment | Value)[]): Fragment => fragment([...strings], parts);

/** Joins fragments with a literal separator, such as `sql\`, \`` or `sql\` AND \``. */
export const join = (items: readonly Fragment[], separator: Fragment): Fragment => {
  const parts: Fragment[] = [];
  for (const [i, item] of items.entries()) {
    if (i > 0) parts.push(separator);
    parts.push(item);
  }
  return fragment(Array.from({ length: parts.length + 1 }, () => ""), parts);
};

/** True when there are no conditions; otherwise all of them, each in parentheses. */
export const and = (items: readonly Fragment[]): Fragment =>
  items.length === 0 ? sql`1` : join(items.map((item) => sql`(${item})`), sql` AND `);

export const or = (items: readonly Fragment[]): Fragment =>
  items.length === 0 ? sql`0` : join(items.map((item) => sql`(${item})`), sql` OR `);

const TABLES: Readonly<Record<TenantTable, { name: Fragment; expires: boolean }>> = {
  logs: { name: sql`logs`, expires: true },
  samples: { name: sql`samples`, expires: true },
  series: { name: sql`series`, expires: true },
  batches: { name: sql`batches`, expires: false },
};

/** The right to speak of one tenant's rows. */
export class TenantScope {
  readonly tenant: string;

  constructor(tenant: string) {
    if (tenant === "") throw new Error("BUG: a tenant scope needs a tenant");
    this.tenant = tenant;
  }

  /** The tenant as a parameter, for statements that write it. */
  get tenantValue(): Value {
    return param.string(this.tenant);
  }

  /** `FROM <table> WHERE <tenant and expiry>`: append further conditions with ` AND ...`. */
  from(table: TenantTable): Fragment {
    const { name, expires } = TABLES[table];
    return expires
      ? sql`FROM ${name} WHERE tenant = ${this.tenantValue} AND expires > today()`
      : sql`FROM ${name} WHERE tenant = ${this.tenantValue}`;
  }

  /** `INSERT INTO <table>`; the statement that follows must select `tenantValue AS tenant`. */
  insertInto(table: TenantTable): Fragment {
    return sql`INSERT INTO ${TABLES[table].name}`;
  }

  /** Closes a statement. It must have named a table of this scope or its tenant. */
  statement(body: Fragment): Statement {
    const built = render(body);
    if (!Object.values(built.params).includes(this.tenant)) throw new Error(`BUG: statement without its tenant: ${built.text}`);
    return built;
  }
}

/** A statement that touches no tenant's rows: DDL, health checks, `system.processes`. */
export const systemStatement = (body: Fragment): Statement => render(body);

const render = (body: Fragment): Statement => {
  const params: Record<string, unknown> = {};
  let next = 0;
  const walk = (node: Fragment): string => {
    let text = node.strings[0] ?? "";
    for (const [i, part] of node.parts.entries()) {
      if (FRAGMENT in part) text += walk(part);
      else {
        const name = `p${next++}`;
        params[name] = part.value;
        text += `{${name}:${part.type}}`;
      }
      text += node.strings[i + 1] ?? "";
    }
    return text;
  };
  return { text: walk(body), params };
};
