/** What the addresses of Elasticsearch's API call, and the form of its errors. */

import type { TenantPolicy } from "./contracts.ts";
import { ApiError, type ErrorCode } from "../errors.ts";

export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface ElasticsearchRequest {
  /** As it stands in the address, undefined where there is none. */
  readonly index?: string | undefined;
  readonly parameters: Parameters;
  /** undefined: there was no body. */
  readonly body?: unknown;
}

type Ask<R extends ElasticsearchRequest = ElasticsearchRequest, T = object> = (tenant: string, request: R, signal?: AbortSignal) => Promise<T>;

/** Answers are the bodies that Elasticsearch gives. All throw ElasticsearchError, and ApiError of the store. */
export interface ElasticsearchQueries {
  /** The store can be reached. */
  readonly available: boolean;
  readonly search: Ask;
  readonly asyncSearch: Ask;
  readonly nextPage: Ask;
  readonly closeScrolls: Ask;
  readonly openPointInTime: Ask;
  readonly closePointInTime: Ask;
  readonly describeIndex: Ask;
  readonly document: Ask<ElasticsearchRequest & { readonly id: string }>;
  /** Text, or lines for JSON. */
  readonly listIndices: Ask<ElasticsearchRequest, string | readonly object[]>;
  /** The body: headers and searches in turn. */
  readonly multiSearch: Ask;
  readonly count: Ask;
  readonly mapping: Ask;
  readonly fieldCapabilities: Ask;
}

/** Anything that a JSON value may be. */
type Details = Readonly<Record<string, unknown>>;

export interface BulkRequest {
  /** For actions that name none. */
  readonly index: string | undefined;
  /** Actions and documents in turn, one in a line. */
  readonly text: string;
  /** As sent, before it was unpacked. */
  readonly bytes: number;
}

export interface BulkAnswer {
  readonly body: { readonly took: number; readonly errors: boolean; readonly items: readonly object[] };
  readonly accepted: number;
  readonly rejected: number;
}

/** Resolves after the durable write, with an answer for each action. Throws ElasticsearchError, ApiError. */
export type WriteBulk = (policy: TenantPolicy, request: BulkRequest) => Promise<BulkAnswer>;

/** A refusal as Elasticsearch words it. `type` is one of its own: clients tell errors apart by it. */
export class ElasticsearchError extends Error {
  readonly status: number;
  readonly type: string;
  readonly details: Details;

  constructor(status: number, type: string, reason: string, details: Details = {}) {
    super(reason);
    this.name = "ElasticsearchError";
    this.status = status;
    this.type = type;
    this.details = details;
  }
}

/** `{"error": {"root_cause": [...], "type", "reason"}, "status"}` */
export const errorBody = ({ status, type, message, details }: ElasticsearchError): object => {
  const cause = { type, reason: message, ...details };
  return { error: { root_cause: [cause], ...cause }, status };
};

/** The request is no request of this language. */
export const parsingError = (reason: string): ElasticsearchError => new ElasticsearchError(400, "parsing_exception", reason);

/** A value that the request may not have. */
export const illegalArgument = (reason: string): ElasticsearchError => new ElasticsearchError(400, "illegal_argument_exception", reason);

const ERROR_TYPES: Partial<Readonly<Record<ErrorCode, string>>> = {
  unauthorized: "security_exception",
  forbidden: "security_exception",
  rate_limited: "es_rejected_execution_exception",
  too_many_queries: "es_rejected_execution_exception",
  too_large: "content_too_long_exception",
  invalid_json: "parsing_exception",
  not_found: "resource_not_found_exception",
  query_failed: "search_phase_execution_exception",
  query_timeout: "timeout_exception",
  store_unavailable: "unavailable_shards_exception",
  metadata_unavailable: "unavailable_shards_exception",
  internal: "exception",
};

/** Any fault in Elasticsearch's words; what is a fault of ours tells nothing of itself. */
export const asElasticsearchError = (error: Error & { readonly statusCode?: number }): ElasticsearchError => {
  if (error instanceof ElasticsearchError) return error;
  if (error instanceof ApiError) return new ElasticsearchError(error.status, ERROR_TYPES[error.code] ?? "illegal_argument_exception", error.message);
  const status = error.statusCode ?? 500;
  if (status >= 500) return new ElasticsearchError(500, "exception", "The backend failed to answer this request; its log has the details.");
  return new ElasticsearchError(status, status === 413 ? "content_too_long_exception" : "illegal_argument_exception", error.message);
};
