/** Whether an error says that the time for a query ran out: what was found till then may be told. */

import { ApiError } from "../errors.ts";

export const isTimeout = (error: unknown): boolean => error instanceof ApiError && error.code === "query_timeout";
