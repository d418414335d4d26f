/**
 * The forward protocol of Fluentd and Fluent Bit. A message with a `chunk` is acknowledged after the
 * durable write; senders wait while the shard pushes back.
 */

import type { Socket } from "node:net";
import { encode } from "@msgpack/msgpack";
import type { FluentForwardSourceOptions } from "../../config/listeners.ts";
import { sleep, type Clock } from "../../core/clock.ts";
import type { IncomingLog, RecordShard, Source } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import { recordOfFields } from "../../parsers/record-of-fields.ts";
import { readSecret } from "../bind.ts";
import { Connections, type ConnectionEvent } from "../connections.ts";
import { hostOfPeer, plainAddress } from "../peer.ts";
import { createHandshake } from "./handshake.ts";
import { ForwardFault, readMessage, readValues, type ForwardEvent, type ForwardMessage } from "./messages.ts";

export type FluentForwardEvent =
  | ConnectionEvent
  | "bytes_read"
  | "messages"
  /** A connection was closed because what it sent could not be read. */
  | "messages_malformed"
  /** Each is a record. */
  | "events"
  | "events_malformed"
  | "acknowledgements"
  | "unauthorized";

export interface FluentForwardSourceDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Host of records that name none and come from this machine; name of the server in handshakes. */
  readonly host: string;
  readonly counters: { add(event: FluentForwardEvent, by?: number): void };
}

export interface FluentForwardSource extends Source {
  readonly port: number | undefined;
}

const HANDSHAKE_MS = 10_000;
/** What is being written when the agent stops is acknowledged if it is durable by then. */
const STOP_PATIENCE_MS = 2_000;

/** The acknowledgements of one connection that wait for a durable write. */
class Answers {
  readonly #waiting = new Set<Promise<void>>();

  add(answer: Promise<void>): void {
    const settled = answer.finally(() => this.#waiting.delete(settled));
    this.#waiting.add(settled);
  }

  async given(): Promise<void> {
    await Promise.all(this.#waiting);
  }
}

const toRecord = ({ timestamp, record }: ForwardEvent): IncomingLog => {
  const fields = recordOfFields(record);
  return { ...fields, message: fields.message.replace(/\r?\n$/, ""), ...(fields.timestamp === undefined && timestamp !== undefined && { timestamp }) };
};

export const createFluentForwardSource = (options: FluentForwardSourceOptions, shard: RecordShard, deps: FluentForwardSourceDeps): FluentForwardSource => {
  const { service, environment = "", max_message: maxMessage, max_decompressed: maxDecompressed } = options;
  const { clock, log, counters, host } = deps;
  const stopping = new AbortController();
  const open = new Set<Answers>();
  let sharedKey: string | undefined;

  /** False when the agent stops first: who waits for an answer sends it again. */
  const take = async ({ tag, events, malformed, chunk }: ForwardMessage, socket: Socket, answering: Answers): Promise<boolean> => {
    await shard.ready(stopping.signal);
    if (stopping.signal.aborted && chunk !== undefined) return false;
    counters.add("messages");
    if (events.length > 0) counters.add("events", events.length);
    if (malformed > 0) counters.add("events_malformed", malformed);
    const peer = plainAddress(socket.remoteAddress ?? "");
    const defaults = { service: service ?? tag, host: hostOfPeer(peer, host), environment, attributes: { "fluent.tag": tag }, observed: clock.nowNs() };
    const durable = shard.append(events.map(toRecord), defaults);
    // Without a chunk nobody waits: a shard that fails ends the process.
    if (chunk !== undefined) answering.add(acknowledge(durable, chunk, socket));
    return true;
  };

  const acknowledge = async (durable: Promise<void>, chunk: string, socket: Socket): Promise<void> => {
    try {
      await durable;
    } catch (error) {
      log.error("the fluent_forward source could not write", { error });
      return void socket.destroy();
    }
    if (!socket.writable) return;
    counters.add("acknowledgements");
    socket.write(encode({ ack: chunk }));
  };

  const authenticate = async (socket: Socket, values: AsyncGenerator<unknown, void>, key: string): Promise<boolean> => {
    const { helo, answer } = createHandshake(key, host);
    const cancel = clock.after(HANDSHAKE_MS, () => socket.destroy());
    socket.write(helo);
    const first = await values.next().finally(cancel);
    if (first.done) return false;
    const { pong, isKnown } = answer(first.value);
    socket.write(pong);
    if (!isKnown) counters.add("unauthorized");
    return isKnown;
  };

  async function* counted(socket: Socket): AsyncGenerator<Uint8Array> {
    // Acknowledgements are still written when no more is read.
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      counters.add("bytes_read", (chunk as Buffer).length);
      yield chunk as Buffer;
    }
  }

  const serve = async (socket: Socket): Promise<void> => {
    const values = readValues(counted(socket), maxMessage);
    const answers = new Answers();
    open.add(answers);
    try {
      if (sharedKey !== undefined && !(await authenticate(socket, values, sharedKey))) return;
      for await (const value of values) {
        const message = await readMessage(value, maxDecompressed);
        if (message && !(await take(message, socket, answers))) return;
      }
    } catch (error) {
      if (!(error instanceof ForwardFault)) throw error;
      counters.add("messages_malformed");
      log.warn("a fluent_forward connection was closed", { peer: socket.remoteAddress, reason: error.message });
    } finally {
      await answers.given();
      open.delete(answers);
    }
  };

  const connections = new Connections({
    source: "fluent_forward", listen: options.listen, tls: options.tls, maxConnections: options.max_connections, serve, clock, log, counters,
    prepare: async () => void (sharedKey = await readSecret(options.shared_key, options.shared_key_file)),
  });
  let started: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  const close = async (): Promise<void> => {
    await started;
    const enough = new AbortController();
    await Promise.race([Promise.all([...open].map((answers) => answers.given())), sleep(clock, STOP_PATIENCE_MS, enough.signal)]);
    enough.abort();
    await connections.stop();
  };

  return {
    name: "fluent_forward",
    get port() {
      return connections.address?.port;
    },
    async start() {
      if (stopped) return;
      await (started ??= connections.start());
    },
    async stop() {
      stopping.abort();
      await (stopped ??= close());
    },
  };
};
