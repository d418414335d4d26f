/** What the addresses of Loki's HTTP API call. */

type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface LokiRequest {
  readonly tenant: string;
  readonly parameters: Parameters;
  /** Parsed labels and structured metadata apart from those of streams. */
  readonly categorizeLabels?: boolean;
  readonly signal?: AbortSignal;
}

type Ask = (request: LokiRequest) => Promise<unknown>;

/** Whole bodies of answers. All throw LokiFault, and ApiError of the store. */
export interface LokiQueries {
  readonly instant: Ask;
  readonly range: Ask;
  readonly labels: Ask;
  readonly labelValues: (request: LokiRequest & { readonly name: string }) => Promise<unknown>;
  readonly series: Ask;
  readonly formatQuery: Ask;
}

/** A query that cannot be parsed or answered. */
export interface LokiFault extends Error {
  readonly type: "bad_query" | "limit";
}

export const isLokiFault = (error: unknown): error is LokiFault => error instanceof Error && ["bad_query", "limit"].includes(String((error as Partial<LokiFault>).type));
