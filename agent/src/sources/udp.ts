/**
 * Datagrams. They can be neither read again nor held back: a large receive buffer takes bursts, a
 * bounded queue takes what comes while the shard pushes back, and what neither takes is counted.
 */

import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { bindPatiently, parseAddress } from "./bind.ts";
import { readKernelDrops } from "./kernel-drops.ts";

export type UdpEvent = "datagrams" | "datagrams_dropped_kernel" | "datagrams_dropped_pressure" | "socket_errors";

export interface Datagram {
  readonly bytes: Buffer;
  readonly peer: string;
}

export interface UdpOptions {
  readonly source: string;
  readonly listen: string;
  /** Asked of the kernel, and the bound of the queue. */
  readonly bufferBytes: number;
  readonly ready: (signal: AbortSignal) => Promise<void>;
  readonly take: (datagrams: readonly Datagram[]) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: { add(event: UdpEvent, by?: number): void };
}

const DROPS_INTERVAL_MS = 5_000;
/** What a queued datagram costs beside its bytes. */
const OVERHEAD_BYTES = 256;

export class UdpListener {
  readonly #options: UdpOptions;
  readonly #stopping = new AbortController();
  #socket: Socket | undefined;
  #queue: Datagram[] = [];
  #queuedBytes = 0;
  #draining: Promise<void> | undefined;
  #drops = 0;
  #cancelLook: (() => void) | undefined;

  constructor(options: UdpOptions) {
    this.#options = options;
  }

  get port(): number | undefined {
    return this.#socket?.address().port;
  }

  start(): Promise<void> {
    return bindPatiently(() => this.#bind(), { ...this.#options, signal: this.#stopping.signal });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelLook?.();
    const socket = this.#socket;
    if (socket) {
      await this.#countDrops();
      this.#socket = undefined;
      await new Promise<void>((resolve) => socket.close(resolve));
    }
    await this.#draining;
  }

  async #bind(): Promise<void> {
    const { listen, counters } = this.#options;
    const { host, port } = parseAddress(listen);
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once("error", fail);
      socket.bind(port, host, () => {
        socket.off("error", fail);
        resolve();
      });
    });
    if (this.#stopping.signal.aborted) return void socket.close();
    socket.on("error", () => counters.add("socket_errors"));
    socket.on("message", (bytes, { address }) => this.#receive(bytes, address));
    this.#enlarge(socket);
    this.#socket = socket;
    this.#lookLater();
  }

  /** Linux doubles what it is asked for, and tells the double. */
  #enlarge(socket: Socket): void {
    const { bufferBytes, log, listen } = this.#options;
    try {
      socket.setRecvBufferSize(bufferBytes);
    } catch {
      // Other systems refuse what is over their bound; the size stays.
    }
    const given = socket.getRecvBufferSize();
    if (given < bufferBytes) log.info("the kernel gives UDP a smaller receive buffer than asked for: raise net.core.rmem_max to take larger bursts", { listen, asked: bufferBytes, given });
  }

  #receive(bytes: Buffer, peer: string): void {
    const { counters, bufferBytes } = this.#options;
    if (this.#queuedBytes > bufferBytes) return counters.add("datagrams_dropped_pressure");
    counters.add("datagrams");
    this.#queue.push({ bytes, peer });
    this.#queuedBytes += bytes.length + OVERHEAD_BYTES;
    this.#draining ??= this.#drain();
  }

  /** What came in while the shard was waited for is handed on at once; a stop hands on all the same. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#options.ready(this.#stopping.signal);
      const datagrams = this.#queue;
      this.#queue = [];
      this.#queuedBytes = 0;
      this.#options.take(datagrams);
    }
    this.#draining = undefined;
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.clock.after(DROPS_INTERVAL_MS, () => void this.#countDrops().then(() => !this.#stopping.signal.aborted && this.#lookLater()));
  }

  async #countDrops(): Promise<void> {
    const { family, port } = this.#socket!.address();
    const drops = (await readKernelDrops(port, family === "IPv6" ? "udp6" : "udp4")) ?? this.#drops;
    if (drops > this.#drops) this.#options.counters.add("datagrams_dropped_kernel", drops - this.#drops);
    this.#drops = Math.max(this.#drops, drops);
  }
}
