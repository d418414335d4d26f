/**
 * Where batches go: the main backend and those besides it. Each has its own queue over the buffer, its own
 * sender and its own reports of fields, so one that is away holds up no other.
 */

import type { DiskBuffer } from "./buffer/disk-buffer.ts";
import type { AgentConfig } from "./config/resolve.ts";
import type { OutputConfig } from "./config/resolve-outputs.ts";
import type { Clock } from "./core/clock.ts";
import type { ClockSkew } from "./core/clock-skew.ts";
import { withLabels, type Counters } from "./core/counters.ts";
import type { FieldCensus } from "./core/field-census.ts";
import { withFields, type Log } from "./core/log.ts";
import { VERSION } from "./core/version.ts";
import { FieldReporter } from "./sinks/field-reporter.ts";
import { HttpClient } from "./sinks/http-client.ts";
import { HttpTransport } from "./sinks/http-transport.ts";
import { Sender } from "./sinks/sender.ts";

export interface OutputSetOptions {
  readonly buffer: DiskBuffer;
  readonly census: FieldCensus;
  /** Is told the main backend's time. */
  readonly skew: ClockSkew;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Called with what any of the backends asks for again. */
  readonly onResend: (streams: readonly string[]) => void;
}

interface Output {
  readonly config: OutputConfig;
  readonly sender: Sender;
  readonly reporter: FieldReporter;
}

/** "" is the main output, which `endpoint` names. */
const MAIN = "";
const USER_AGENT = `obs-agent/${VERSION}`;

const outputsOf = ({ endpoint, apiKey, tls, outputs }: AgentConfig): OutputConfig[] => [{ name: MAIN, endpoint, apiKey, tls }, ...outputs];

export class OutputSet {
  readonly #options: OutputSetOptions;
  #outputs: readonly Output[];
  #config: AgentConfig;

  constructor(options: OutputSetOptions, config: AgentConfig) {
    this.#options = options;
    this.#config = config;
    this.#outputs = outputsOf(config).map((output) => this.#open(output, config));
  }

  start(): void {
    for (const output of this.#outputs) start(output);
  }

  /** The main one first. */
  get all(): readonly Pick<Output, "config" | "sender">[] {
    return this.#outputs;
  }

  /** Goes over to another configuration with the same names; what did not change goes on. */
  async replace(next: AgentConfig): Promise<void> {
    const isSameDelivery = JSON.stringify([this.#config.send, this.#config.fields]) === JSON.stringify([next.send, next.fields]);
    const outputs: Output[] = [];
    for (const [index, config] of outputsOf(next).entries()) {
      const old = this.#outputs[index]!;
      if (isSameDelivery && JSON.stringify(old.config) === JSON.stringify(config)) {
        outputs.push(old);
        continue;
      }
      await stop(old);
      this.#options.buffer.output(config.name).takeBackAll();
      const output = this.#open(config, next);
      start(output);
      outputs.push(output);
    }
    this.#outputs = outputs;
    this.#config = next;
  }

  /** Resolves when nothing waits for any of them. */
  async drained(signal?: AbortSignal): Promise<void> {
    await Promise.all(this.#outputs.map(({ sender }) => sender.drained(signal)));
  }

  /** The same, for an end: does not wait for a backend that is away. */
  async drainedOrAway(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#outputs.map(({ sender }) => sender.drainedOrAway(signal)));
  }

  async stopReports(): Promise<void> {
    await Promise.all(this.#outputs.map(({ reporter }) => reporter.stop()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#outputs.map(stop));
  }

  #open(config: OutputConfig, { send, fields }: AgentConfig): Output {
    const { buffer, census, skew, clock, onResend } = this.#options;
    const { name, endpoint, apiKey, tls } = config;
    const log = name === MAIN ? this.#options.log : withFields(this.#options.log, { output: name });
    const counters = name === MAIN ? this.#options.counters : withLabels(this.#options.counters, { output: name });
    const queue = buffer.output(name);
    const transport = new HttpTransport({
      endpoint, apiKey, tls, connections: send.max_in_flight, timeoutMs: send.timeout, userAgent: USER_AGENT, nowMs: () => clock.nowMs(),
      ...(name === MAIN && { onServerTime: (time) => skew.learn(time) }),
      onAgentIdTaken: (taken) => void buffer.leaveAgentId(taken).catch((error: unknown) => log.error("the new agent id is not durable", { error })),
    });
    const sender = new Sender({ queue, transport, maxInFlight: send.max_in_flight, backOff: { firstMs: send.retry_first, longestMs: send.retry_longest }, clock, log, counters, onResend });
    const { origin, pathname } = new URL(endpoint);
    const client = new HttpClient({ origin, connections: 1, timeoutMs: send.timeout, tls });
    const path = `${pathname.replace(/\/$/, "")}/api/v1/fields`;
    const reporter = new FieldReporter({ client, path, apiKey, userAgent: USER_AGENT, intervalMs: fields.report_interval, report: () => census.report(), clock, log });
    return { config, sender, reporter };
  }
}

const start = ({ sender, reporter }: Output): void => {
  sender.start();
  reporter.start();
};

const stop = async ({ sender, reporter }: Output): Promise<void> => {
  await reporter.stop();
  await sender.stop();
};
