/** What the addresses of Prometheus' HTTP API call. */

export interface PrometheusAnswer {
  readonly data: unknown;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;
type Ask = (tenant: string, parameters: Parameters, signal?: AbortSignal) => Promise<PrometheusAnswer>;

/** All throw PromqlError, and ApiError of the store. */
export interface PrometheusQueries {
  readonly instant: Ask;
  readonly range: Ask;
  readonly labels: Ask;
  readonly series: Ask;
  readonly exemplars: Ask;
  readonly metadata: Ask;
  readonly formatQuery: Ask;
  readonly labelValues: (tenant: string, name: string, parameters: Parameters, signal?: AbortSignal) => Promise<PrometheusAnswer>;
}

/** A query that cannot be parsed or evaluated. */
export interface QueryFault extends Error {
  readonly type: "bad_data" | "execution";
}

export const isQueryFault = (error: unknown): error is QueryFault => error instanceof Error && ["bad_data", "execution"].includes(String((error as Partial<QueryFault>).type));
