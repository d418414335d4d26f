/** Asks a target for its page. */

import { readFileSync } from "node:fs";
import { Agent, fetch, type Dispatcher } from "undici";
import type { ScrapeConfig } from "../../config/metric-sources.ts";
import { authorizationOf } from "./credentials.ts";
import type { PageFormat } from "./page.ts";
import type { Target } from "./target.ts";

export interface Page {
  readonly text: string;
  readonly format: PageFormat;
}

export type FetchPage = (target: Target, signal: AbortSignal) => Promise<Page>;

const ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.7,*/*;q=0.1";

export const dispatcherOf = ({ tls_config: tls }: ScrapeConfig): Dispatcher =>
  new Agent({
    ...(tls && {
      connect: {
        ...(tls.ca_file !== undefined && { ca: readFileSync(tls.ca_file) }),
        ...(tls.cert_file !== undefined && { cert: readFileSync(tls.cert_file) }),
        ...(tls.key_file !== undefined && { key: readFileSync(tls.key_file) }),
        ...(tls.server_name !== undefined && { servername: tls.server_name }),
        rejectUnauthorized: !tls.insecure_skip_verify,
      },
    }),
  });

/** Throws with a message that holds no credentials. */
export const createFetchPage = (config: ScrapeConfig, dispatcher: Dispatcher): FetchPage => {
  const limit = config.body_size_limit;
  return async ({ url, timeoutMs }, signal) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const authorization = await authorizationOf(config);
    const response = await fetch(url, {
      dispatcher,
      signal: AbortSignal.any([signal, timeout]),
      headers: { accept: ACCEPT, "user-agent": "obs-agent", "x-prometheus-scrape-timeout-seconds": String(timeoutMs / 1_000), ...(authorization !== undefined && { authorization }) },
    });
    const type = response.headers.get("content-type") ?? "";
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    if (response.status === 200 && response.body)
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        bytes += chunk.length;
        if (bytes > limit) throw new Error("the page is longer than body_size_limit");
        chunks.push(chunk);
      }
    else {
      await response.body?.cancel();
      throw new Error(`the target answered ${response.status}`);
    }
    return { text: Buffer.concat(chunks).toString("utf8"), format: type.startsWith("application/openmetrics-text") ? "openmetrics" : "text" };
  };
};
