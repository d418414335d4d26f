/** A query that cannot be parsed or evaluated; messages are Prometheus' own in kind. */
export class PromqlError extends Error {
  readonly type: "bad_data" | "execution";

  constructor(type: "bad_data" | "execution", message: string) {
    super(message);
    this.type = type;
  }
}

export const parseError = (position: string, message: string): PromqlError => new PromqlError("bad_data", `${position}: parse error: ${message}`);
export const TOO_MANY_SAMPLES = "query processing would load too many samples into memory in query execution";
export const executionError = (message: string): PromqlError => new PromqlError("execution", message);
