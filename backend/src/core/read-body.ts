/** Request bodies by schema; every fault of one is told at once. */

import type * as z from "zod";
import { ApiError } from "../errors.ts";

export interface Fault {
  /** Dotted; "" is the body itself. */
  readonly path: string;
  readonly message: string;
}

/** One entry per fault; an unknown key is a fault at its own path. */
export const faultsOf = (error: z.ZodError): Fault[] =>
  error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ path: [...issue.path, key].join("."), message: "unknown key" }))
      : [{ path: issue.path.join("."), message: issue.message }],
  );

/** Throws ApiError(invalid_request); the message and the details name every fault. */
export const readBody = <T>(schema: z.ZodType<T>, body: unknown): T => {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const details = faultsOf(result.error);
  throw new ApiError("invalid_request", details.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; "), { details });
};
