/** Request bodies of the JSON doors. Items are read one by one: log-items.ts, metric-items.ts. */

import * as z from "zod";
import { readBody } from "../core/read-body.ts";
import { ApiError } from "../errors.ts";

const name = z.string().trim().min(1).max(256);

/** `service`, `host` and `environment` hold for every item that does not name its own. */
export const LOGS_REQUEST = z.strictObject({
  service: name,
  host: name.optional(),
  environment: name.optional(),
  logs: z.array(z.unknown()).min(1),
});

/** `service` and `host` become labels of every item. */
export const METRICS_REQUEST = z.strictObject({
  service: name,
  host: name.optional(),
  metrics: z.array(z.unknown()).min(1),
});

/** Throws ApiError(invalid_request) with every fault, or too_large. */
export const readRequest = <T>(schema: z.ZodType<T>, body: unknown, list: "logs" | "metrics", maxItems: number): T => {
  const items = (body as Record<string, unknown> | null | undefined)?.[list];
  if (Array.isArray(items) && items.length > maxItems)
    throw new ApiError("too_large", `${items.length} items are more than the ${maxItems} that one request may hold.`, { details: { items: items.length, maxItems } });
  return readBody(schema, body);
};
