/** The verdict: every number exactly once, and every line as it was written. */

export interface StoreAccess {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export interface Verdict {
  /** Rows of the writer's service. */
  readonly rows: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Rows whose message is not what was written under their number. */
  readonly damaged: number;
  /** The first of each, for the search for the cause. */
  readonly firstLost: readonly number[];
  readonly firstDuplicated: readonly DuplicatedNumber[];
}

export interface DuplicatedNumber {
  readonly number: number;
  /** The batches and rows that hold it. */
  readonly places: readonly string[];
}

const EXAMPLES = 20;
const NUMBERS = `FROM obs.logs WHERE service = 'chaos'`;
const NUMBER = `toUInt64OrZero(attributes['number'])`;

const ask = async <T>({ url, user, password }: StoreAccess, sql: string): Promise<T[]> => {
  const response = await fetch(`${url}/?default_format=JSONEachRow&output_format_json_quote_64bit_integers=0`, {
    method: "POST",
    headers: { "x-clickhouse-user": user, "x-clickhouse-key": password },
    body: sql,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the store refused a query of the proof: ${text.slice(0, 500)}`);
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as T);
};

/** Looks for the numbers 0 to `written - 1` in the store. */
export const lookForNumbers = async (store: StoreAccess, written: number): Promise<Verdict> => {
  const [totals] = await ask<{ rows: number; distinct: number; damaged: number }>(
    store,
    `SELECT count() AS rows, uniqExactIf(${NUMBER}, ${NUMBER} < ${written}) AS distinct,
       countIf(message != concat('line ', attributes['number'], ' of chaos') OR ${NUMBER} >= ${written}) AS damaged ${NUMBERS}`,
  );
  const { rows, distinct, damaged } = totals!;
  const lost = await ask<{ number: number }>(
    store,
    `SELECT number FROM numbers(${written}) WHERE number NOT IN (SELECT ${NUMBER} ${NUMBERS}) ORDER BY number LIMIT ${EXAMPLES}`,
  );
  const duplicated = await ask<DuplicatedNumber>(
    store,
    `SELECT ${NUMBER} AS number, groupArray(concat(hex(batch), ':', toString(row))) AS places ${NUMBERS}
     GROUP BY number HAVING count() > 1 ORDER BY number LIMIT ${EXAMPLES}`,
  );
  return {
    rows,
    lost: written - distinct,
    duplicated: rows - distinct,
    damaged,
    firstLost: lost.map(({ number }) => number),
    firstDuplicated: duplicated,
  };
};
