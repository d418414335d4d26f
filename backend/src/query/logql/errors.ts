/** A query that cannot be parsed or answered. Texts are Loki's in kind; Loki answers them as plain text. */

export class LogqlError extends Error {
  /** `bad_query`: it is wrong as it stands. `limit`: it asks for more than one query may have. */
  readonly type: "bad_query" | "limit";

  constructor(type: "bad_query" | "limit", message: string) {
    super(message);
    this.name = "LogqlError";
    this.type = type;
  }
}

/** Line and column from 1. */
export const parseError = (query: string, offset: number, message: string): LogqlError => {
  const before = query.slice(0, offset);
  return new LogqlError("bad_query", `parse error at line ${before.split("\n").length}, col ${offset - before.lastIndexOf("\n")}: ${message}`);
};

export const badQuery = (message: string): LogqlError => new LogqlError("bad_query", message);
export const overLimit = (message: string): LogqlError => new LogqlError("limit", message);
