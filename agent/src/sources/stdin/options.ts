/** Options of the stdin source. */

import { z } from "../../core/zod.ts";

export const stdinSourceSchema = z.strictObject({
  service: z.string().min(1).default("stdin").describe("Service of the rows."),
  environment: z.string().default("").describe("Environment of the rows, such as `production`."),
});

export type StdinSourceOptions = z.output<typeof stdinSourceSchema>;
