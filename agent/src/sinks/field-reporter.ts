/**
 * Tells the backend which fields the logs have, for its field lists: some minutes after the start, and
 * then whenever it changed. A report that fails is made again with the next one; nothing waits for it.
 */

import type { Clock } from "../core/clock.ts";
import type { FieldReport } from "../core/field-census.ts";
import type { Log } from "../core/log.ts";
import type { HttpClient } from "./http-client.ts";

export interface FieldReporterOptions {
  /** Of the endpoint; closed with the reporter. */
  readonly client: Pick<HttpClient, "post" | "close">;
  readonly path: string;
  readonly apiKey: string;
  readonly userAgent: string;
  readonly intervalMs: number;
  readonly report: () => FieldReport;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

/** Of one request; the backend takes no more. */
const MAX_FIELDS = 5_000;
const MAX_NAME_LENGTH = 1_024;

export class FieldReporter {
  readonly #options: FieldReporterOptions;
  readonly #stopping = new AbortController();
  #cancel: () => void = () => {};
  #running: Promise<void> = Promise.resolve();
  /** What was told last. Shares move with every row: in steps of a twentieth, or they would always be new. */
  #told = "";

  constructor(options: FieldReporterOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, intervalMs, random = Math.random } = this.#options;
    if (intervalMs === 0 || this.#stopping.signal.aborted) return;
    // Agents that were started at once do not report at once.
    this.#cancel = clock.after(intervalMs * (0.5 + random() / 2), () => void (this.#running = this.#tell().finally(() => this.start())));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancel();
    await this.#running;
    this.#options.client.close();
  }

  async #tell(): Promise<void> {
    const { client, path, apiKey, userAgent, report, log } = this.#options;
    const fields = fieldsOf(report());
    const state = JSON.stringify(fields.map(({ service, name, types, share }) => [service, name, types, Math.round(share * 20)]));
    if (fields.length === 0 || state === this.#told) return;
    try {
      const headers = { authorization: `Bearer ${apiKey}`, "user-agent": userAgent, "content-type": "application/json" };
      const { status } = await client.post(path, headers, Buffer.from(JSON.stringify({ fields })), this.#stopping.signal);
      if (status === 200) this.#told = state;
      else log.debug("the backend did not take the report of fields", { status });
    } catch (error) {
      log.debug("the report of fields did not reach the backend", { error });
    }
  }
}

const fieldsOf = ({ services }: FieldReport) =>
  services
    .flatMap(({ service, fields }) => fields.map(({ name, types, share, example }) => ({ service, name, types: Object.keys(types).sort(), share: Math.min(1, share), example })))
    .filter(({ name }) => name !== "" && name.length <= MAX_NAME_LENGTH)
    .slice(0, MAX_FIELDS);
