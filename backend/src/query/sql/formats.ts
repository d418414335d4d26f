/** Answers as CSV (RFC 4180 with a line of names, but lines end in LF alone) and as one JSON object per line. */

import type { SqlStream } from "../../core/sql-queries.ts";
import { sqlFailure } from "./failures.ts";
import type { Running } from "./running.ts";
import { valueReader } from "./values.ts";

type StreamFormat = "csv" | "ndjson";

const CONTENT_TYPES: Readonly<Record<StreamFormat, string>> = { csv: "text/csv; charset=utf-8; header=present", ndjson: "application/x-ndjson; charset=utf-8" };

const csvText = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Two columns of one name are two keys: `count`, `count_2`. */
const keysOf = (names: readonly string[]): string[] => {
  const taken = new Set<string>();
  return names.map((name) => {
    let key = name;
    for (let n = 2; taken.has(key); n++) key = `${name}_${n}`;
    taken.add(key);
    return key;
  });
};

/** `{"a": 1, "b": 2}` without building objects: a column may be called `__proto__`. */
const objectLine = (keys: readonly string[]): ((values: readonly unknown[]) => string) => {
  const heads = keys.map((key, i) => `${i === 0 ? "{" : ","}${JSON.stringify(key)}:`);
  return (values) => `${values.map((value, i) => heads[i]! + JSON.stringify(value)).join("")}}\n`;
};

/** Rows that are there already. */
export const csvOf = (names: readonly string[], rows: readonly (readonly string[])[], format: StreamFormat): SqlStream => {
  const lines = format === "csv" ? [names, ...rows].map((row) => `${row.map(csvText).join(",")}\n`) : rows.map(objectLine(keysOf(names)));
  return {
    contentType: CONTENT_TYPES[format],
    chunks: (async function* () {
      yield lines.join("");
    })(),
  };
};

/** Resolves with the first rows: what fails at once fails before there is a status. */
export const streamOf = async (running: Running, format: StreamFormat): Promise<SqlStream> => {
  const pieces = format === "csv" ? csvPieces(running) : objectPieces(running);
  const first = await pieces.next();
  return {
    contentType: CONTENT_TYPES[format],
    chunks: (async function* () {
      try {
        if (!first.done) yield first.value;
        for (let piece = await pieces.next(); !piece.done; piece = await pieces.next()) yield piece.value;
      } finally {
        await pieces.return(undefined);
      }
    })(),
  };
};

async function* lines({ store, statement, signal }: Running, format: "CSV" | "JSONCompactEachRowWithNamesAndTypes"): AsyncGenerator<readonly string[]> {
  try {
    yield* store.readSql(statement, { format, ...(signal && { signal }) });
  } catch (error) {
    throw sqlFailure(error);
  }
}

async function* csvPieces(running: Running): AsyncGenerator<string> {
  const names = `${running.columns.map(({ name }) => csvText(name)).join(",")}\n`;
  let head = names;
  for await (const batch of lines(running, "CSV")) {
    yield `${head}${batch.map((line) => `${line}\n`).join("")}`;
    head = "";
  }
  if (head !== "") yield head;
}

async function* objectPieces(running: Running): AsyncGenerator<string> {
  const write = objectLine(keysOf(running.columns.map(({ name }) => name)));
  let read: ((line: string) => unknown[]) | undefined;
  const heads: string[] = [];
  for await (const batch of lines(running, "JSONCompactEachRowWithNamesAndTypes")) {
    const rows = read ? batch : [...heads, ...batch];
    if (!read && rows.length < 2) {
      heads.push(...batch);
      continue;
    }
    const values = read ? rows : rows.slice(2);
    read ??= valueReader(JSON.parse(rows[1]!) as string[]);
    yield values.map((line) => write(read!(line))).join("");
  }
}
