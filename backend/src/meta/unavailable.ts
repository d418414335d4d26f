/**
 * A metadata database that is away, starting, full or busy is no fault of the request: 503, and the
 * agent keeps its batch. What else fails there is a fault of ours and stays one.
 */

import { ApiError } from "../errors.ts";

const RETRY_AFTER_SECONDS = 2;

/** SQLSTATE classes: connection, resources, operator intervention, system error; and a server that only reads. */
const POSTGRES = /^(?:08|53|57|58)[0-9A-Z]{3}$|^25006$/;
/** Primary result codes: busy, locked, read-only, I/O error, full, cannot open (sqlite.org/rescode.html). */
const SQLITE = new Set([5, 6, 8, 10, 13, 14]);
const NETWORK = /^(?:ECONN|EHOST|ENET|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT)/;
/** The client's own faults have no code (pg 8). */
const POOL = /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error/i;

interface Fault {
  readonly code?: unknown;
  readonly errcode?: unknown;
  readonly message?: string;
  /** Of an address with several families each attempt. */
  readonly errors?: readonly unknown[];
}

const isAway = (error: unknown): boolean => {
  const { code, errcode, message, errors } = (error ?? {}) as Fault;
  if (typeof errcode === "number") return SQLITE.has(errcode & 0xff);
  if (typeof code === "string" && (POSTGRES.test(code) || NETWORK.test(code))) return true;
  return POOL.test(message ?? "") || (errors?.some(isAway) ?? false);
};

const translate = (error: unknown): unknown =>
  isAway(error) ? new ApiError("metadata_unavailable", "The metadata database is away or busy.", { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error }) : error;

/** The same registry, whose methods throw ApiError(metadata_unavailable) while the database is away. */
export const sayingUnavailable = <T extends object>(registry: T): T =>
  new Proxy(registry, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as unknown;
      if (typeof method !== "function") return method;
      return async (...args: unknown[]): Promise<unknown> => {
        try {
          return (await method.apply(target, args)) as unknown;
        } catch (error) {
          throw translate(error);
        }
      };
    },
  });
