/** How another server is asked, under Prometheus' names: who asks, and whom it trusts. */

import { z } from "../core/zod.ts";
import { flag } from "./option-types.ts";

export const basicAuth = () => z.strictObject({ username: z.string(), password: z.string().optional(), password_file: z.string().optional() }).optional().describe("Basic authentication.");

export const authorization = () =>
  z
    .strictObject({ type: z.string().prefault("Bearer"), credentials: z.string().optional(), credentials_file: z.string().optional() })
    .optional()
    .describe("The `Authorization` header; the file is read anew for each request.");

export const tlsConfig = (what: string) =>
  z
    .strictObject({
      ca_file: z.string().optional(),
      cert_file: z.string().optional(),
      key_file: z.string().optional(),
      server_name: z.string().optional(),
      insecure_skip_verify: flag().prefault(false),
    })
    .optional()
    .describe(what);

export interface HttpClientOptions {
  readonly basic_auth?: z.output<ReturnType<typeof basicAuth>>;
  readonly authorization?: z.output<ReturnType<typeof authorization>>;
  readonly tls_config?: z.output<ReturnType<typeof tlsConfig>>;
}
