/** The one way from the dashboard to the backend. */

import type { ErrorBody } from "./types.ts";

/** An answer that is an error, or no answer at all (`status` 0, `code` "unreachable"). */
export class ApiFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: unknown;

  constructor(status: number, code: string, message: string, details?: unknown) {
    super(message);
    this.name = "ApiFailure";
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

const failureOf = async (response: Response): Promise<ApiFailure> => {
  const body = (await response.json().catch(() => undefined)) as Partial<ErrorBody> | undefined;
  const error = body?.error;
  return error === undefined
    ? new ApiFailure(response.status, "unknown", `The backend answered ${response.status} ${response.statusText}`.trim())
    : new ApiFailure(response.status, error.code, error.message, error.details);
};

const send = async <T>(path: string, init: RequestInit): Promise<T> => {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiFailure(0, "unreachable", "The backend cannot be reached. Is it running?");
  }
  if (!response.ok) throw await failureOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
};

export type QueryParameters = readonly (readonly [name: string, value: string])[];

/** GET; a parameter may be repeated. */
export const get = <T>(path: string, parameters: QueryParameters = [], signal?: AbortSignal): Promise<T> => {
  const search = new URLSearchParams(parameters.map(([name, value]) => [name, value]));
  const suffix = parameters.length === 0 ? "" : `?${search}`;
  return send<T>(`${path}${suffix}`, signal === undefined ? {} : { signal });
};

/** POST of JSON; without a body nothing is sent, not even a content type. */
export const post = <T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> =>
  send<T>(path, {
    method: "POST",
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    ...(signal === undefined ? {} : { signal }),
  });

/** Faults that may pass by themselves are worth another try; a refusal is not. */
export const isTransient = (error: unknown): boolean =>
  error instanceof ApiFailure && (error.status === 0 || error.status === 429 || error.status >= 500);
