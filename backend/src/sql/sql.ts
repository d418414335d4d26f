/**
 * The only way from TypeScript to SQL.
 *
 * - Text comes from template literals in our code; every value is a ClickHouse parameter
 *   (`{p0:String}`). A plain string never becomes SQL: fragments, values and statements are known
 *   by identity, so an object of the same shape (from a JSON body, say) is refused.
 * - A statement on tenants' tables needs a `TenantScope`, whose `from()` brings the tenant and
 *   `expires` conditions with it. Closing a statement checks that no other way was taken: see
 *   guard.ts.
 */

import { checkLiteral, checkTenantConditions } from "./guard.ts";

/** Tables that hold rows of tenants. */
export type TenantTable = "logs" | "samples" | "series" | "spans" | "histograms" | "exemplars" | "batches" | "samples_1m" | "samples_1h" | "samples_1d";

declare const VALUE: unique symbol;
declare const FRAGMENT: unique symbol;

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
  /** Whose rows it is about; undefined for a `systemStatement`. */
  readonly tenant: string | undefined;
  readonly text: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const values = new WeakSet<object>();
const fragments = new WeakSet<object>();
const statements = new WeakSet<object>();
/** The tenant that a value names, or a FROM reads. */
const tenantOf = new WeakMap<object, string>();
/** FROM fragments: a condition on the tenant opens inside them and must stay in force. */
const sources = new WeakSet<object>();

const value = (type: string, v: unknown): Value => {
  const made = Object.freeze({ type, value: v }) as Value;
  values.add(made);
  return made;
};

const fragment = (strings: readonly string[], parts: readonly (Fragment | Value)[]): Fragment => {
  const made = Object.freeze({ strings: Object.freeze([...strings]), parts: Object.freeze([...parts]) }) as unknown as Fragment;
  fragments.add(made);
  return made;
};

/** True for what `TenantScope.statement` and `systemStatement` made, and for nothing else. */
export const isStatement = (candidate: unknown): candidate is Statement =>
  typeof candidate === "object" && candidate !== null && statements.has(candidate);

/** Throws for text that did not come through the builder. The store asks it of all that it runs. */
export const requireStatement = (candidate: unknown): void => {
  if (!isStatement(candidate)) throw new Error("BUG: the store runs only what sql.ts has built");
};

const integer = (v: bigint | number, min: bigint, max: bigint): string => {
  if (typeof v === "number" && !Number.isSafeInteger(v)) throw new Error(`BUG: not a safe integer: ${v}`);
  const exact = BigInt(v);
  if (exact < min || exact > max) throw new Error(`BUG: out of range: ${exact}`);
  return exact.toString();
};
const unsigned = (v: bigint | number, bits: bigint): string => integer(v, 0n, (1n << bits) - 1n);
/** What UTF-8 cannot say (a lone surrogate) becomes U+FFFD here rather than in some encoder. */
const text = (v: string): string => v.toWellFormed();

/** Typed parameters. Names say the ClickHouse type; what does not fit the type is a bug of the caller. */
export const param = {
  string: (v: string) => value("String", text(v)),
  strings: (v: readonly string[]) => value("Array(String)", v.map(text)),
  int64: (v: bigint | number) => value("Int64", integer(v, -(1n << 63n), (1n << 63n) - 1n)),
  int64s: (v: readonly bigint[]) => value("Array(Int64)", v.map((item) => BigInt(integer(item, -(1n << 63n), (1n << 63n) - 1n)))),
  uint8: (v: number) => value("UInt8", Number(unsigned(v, 8n))),
  uint32: (v: number) => value("UInt32", Number(unsigned(v, 32n))),
  uint64: (v: bigint | number) => value("UInt64", unsigned(v, 64n)),
  uint64s: (v: readonly bigint[]) => value("Array(UInt64)", v.map((item) => BigInt(unsigned(item, 64n)))),
  uint128: (v: bigint) => value("UInt128", unsigned(v, 128n)),
  uint128s: (v: readonly bigint[]) => value("Array(UInt128)", v.map((item) => BigInt(unsigned(item, 128n)))),
  float64: (v: number) => {
    if (!Number.isFinite(v)) throw new Error(`BUG: not a finite number: ${v}`);
    return value("Float64", v);
  },
  bool: (v: boolean) => value("Bool", v),
};

/** A piece of SQL: literal text with fragments and parameters in it. Only as a template tag. */
export const sql = (strings: TemplateStringsArray, ...parts: (Fragment | Value)[]): Fragment => {
  // A template's strings are frozen and carry their raw form; what a caller puts together is not.
  if (!Array.isArray(strings) || !Object.isFrozen(strings) || !Object.isFrozen(strings.raw)) throw new Error("BUG: sql is a template tag");
  for (const literal of strings) checkLiteral(literal);
  for (const part of parts) known(part);
  return fragment(strings, parts);
};

const known = (part: Fragment | Value): void => {
  if (!fragments.has(part) && !values.has(part)) throw new Error("BUG: only fragments and parameters go into SQL");
};

/** Joins fragments with a literal separator, such as `sql\`, \`` or `sql\` AND \``. */
export const join = (items: readonly Fragment[], separator: Fragment): Fragment => {
  const parts: Fragment[] = [];
  for (const [i, item] of items.entries()) {
    known(item);
    if (i > 0) parts.push(separator);
    parts.push(item);
  }
  known(separator);
  return fragment(Array.from({ length: parts.length + 1 }, () => ""), parts);
};

/** True when there are no conditions; otherwise all of them, each in parentheses. */
export const and = (items: readonly Fragment[]): Fragment =>
  items.length === 0 ? sql`1` : join(items.map((item) => sql`(${item})`), sql` AND `);

export const or = (items: readonly Fragment[]): Fragment =>
  items.length === 0 ? sql`0` : join(items.map((item) => sql`(${item})`), sql` OR `);

export const not = (item: Fragment): Fragment => sql`NOT (${item})`;

/** `final`: of rows with one key the newest counts. */
const TABLES: Readonly<Record<TenantTable, { name: Fragment; expires: boolean; final?: true }>> = {
  logs: { name: sql`logs`, expires: true },
  samples: { name: sql`samples`, expires: true },
  series: { name: sql`series`, expires: true },
  spans: { name: sql`spans`, expires: true },
  histograms: { name: sql`histograms`, expires: true },
  exemplars: { name: sql`exemplars`, expires: true },
  batches: { name: sql`batches`, expires: false },
  samples_1m: { name: sql`samples_1m`, expires: true, final: true },
  samples_1h: { name: sql`samples_1h`, expires: true, final: true },
  samples_1d: { name: sql`samples_1d`, expires: true, final: true },
};

const TABLE_NAMES: ReadonlySet<string> = new Set(Object.keys(TABLES));

/** The right to speak of one tenant's rows. */
export class TenantScope {
  readonly tenant: string;

  constructor(tenant: string) {
    if (typeof tenant !== "string" || tenant === "") throw new Error("BUG: a tenant scope needs a tenant");
    this.tenant = tenant;
  }

  /** The tenant as a parameter, for statements that write it. */
  get tenantValue(): Value {
    return this.#mark(param.string(this.tenant));
  }

  /** `FROM <table> WHERE <tenant and expiry>`: append further conditions with ` AND ...`. */
  from(table: TenantTable): Fragment {
    const { name: plain, expires, final } = TABLES[table];
    const name = final ? sql`${plain} FINAL` : plain;
    const source = expires
      ? sql`FROM ${name} WHERE tenant = ${this.tenantValue} AND expires > today()`
      : sql`FROM ${name} WHERE tenant = ${this.tenantValue}`;
    sources.add(source);
    return this.#mark(source);
  }

  /** `INSERT INTO <table>`; the statement that follows must select `tenantValue AS tenant`. */
  insertInto(table: TenantTable): Fragment {
    return sql`INSERT INTO ${TABLES[table].name}`;
  }

  /** Closes a statement. It must have read a table of this scope or named its tenant, and no other. */
  statement(body: Fragment): Statement {
    const { statement, tenants, openings } = render(body, this.tenant);
    if (tenants.size === 0) throw new Error(`BUG: statement without its tenant: ${statement.text}`);
    for (const tenant of tenants) if (tenant !== this.tenant) throw new Error(`BUG: statement of another tenant: ${statement.text}`);
    checkTenantConditions(statement.text, openings, TABLE_NAMES);
    return statement;
  }

  #mark<T extends object>(marked: T): T {
    tenantOf.set(marked, this.tenant);
    return marked;
  }
}

/** A statement that touches no tenant's rows: DDL, health checks, `system.processes`. */
export const systemStatement = (body: Fragment): Statement => render(body, undefined).statement;

interface Rendered {
  readonly statement: Statement;
  readonly tenants: ReadonlySet<string>;
  /** Offsets in the text at which a FROM of a tenant's table begins. */
  readonly openings: readonly number[];
}

const render = (body: Fragment, tenant: string | undefined): Rendered => {
  const params: Record<string, unknown> = {};
  const tenants = new Set<string>();
  const openings: number[] = [];
  // A value that stands in several places travels once: ClickHouse takes 1,000 parameters and no more.
  const names = new Map<string, string>();
  let rendered = "";
  const walk = (node: Fragment): void => {
    if (!fragments.has(node)) throw new Error("BUG: not a fragment");
    if (sources.has(node)) openings.push(rendered.length);
    rendered += node.strings[0] ?? "";
    for (const [i, part] of node.parts.entries()) {
      const marked = tenantOf.get(part);
      if (marked !== undefined) tenants.add(marked);
      if (values.has(part)) {
        const { type, value: held } = part as Value;
        const identity = `${type}:${Array.isArray(held) ? held.map((item) => `${String(item).length}:${item}`).join("") : held}`;
        const name = names.get(identity) ?? `p${names.size}`;
        names.set(identity, name);
        params[name] = held;
        rendered += `{${name}:${type}}`;
      } else walk(part as Fragment);
      rendered += node.strings[i + 1] ?? "";
    }
  };
  walk(body);
  const statement: Statement = Object.freeze({ tenant, text: rendered, params: Object.freeze(params) });
  statements.add(statement);
  return { statement, tenants, openings };
};
