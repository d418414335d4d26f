/**
 * The syslog source: RFC 5424 and RFC 3164 over UDP, TCP and TLS. The protocol has no answer: TCP
 * senders wait while the shard pushes back, datagrams are queued and then counted as dropped.
 */

import type { Socket } from "node:net";
import type { SyslogSourceOptions } from "../../config/listeners.ts";
import type { Clock } from "../../core/clock.ts";
import type { IncomingLog, RecordShard, Source } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import { parseSyslog } from "../../parsers/syslog.ts";
import { Connections, type ConnectionEvent } from "../connections.ts";
import { SyslogFraming, withoutEnd } from "./framing.ts";
import { toRecord } from "./record.ts";
import { UdpListener, type Datagram, type UdpEvent } from "../udp.ts";

export type SyslogEvent =
  | ConnectionEvent
  | UdpEvent
  | "bytes_read"
  /** Each is a record. */
  | "messages"
  | "messages_blank"
  | "messages_cut"
  /** Without a priority in front; such a message has no severity. */
  | "messages_bare"
  | "framing_faults";

export interface SyslogSourceDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Host of messages that name none and come from this machine. */
  readonly host: string;
  readonly counters: { add(event: SyslogEvent, by?: number): void };
}

export interface SyslogSource extends Source {
  /** Ports that are bound. */
  readonly ports: { readonly udp: number | undefined; readonly tcp: number | undefined };
}

const NS_PER_SECOND = 1_000_000_000n;

export const createSyslogSource = (options: SyslogSourceOptions, shard: RecordShard, deps: SyslogSourceDeps): SyslogSource => {
  const { listen, protocols, service, environment = "", max_message: maxBytes } = options;
  const { clock, log, counters, host } = deps;
  const stopping = new AbortController();

  /** Nobody waits for the write: a shard that fails ends the process. */
  const append = (records: readonly IncomingLog[], observed: bigint): void => void shard.append(records, { environment, observed });

  const take = (datagrams: readonly Datagram[]): void => {
    const observed = clock.nowNs();
    const records: IncomingLog[] = [];
    for (const { bytes, peer } of datagrams) {
      counters.add("bytes_read", bytes.length);
      const message = withoutEnd(bytes.subarray(0, maxBytes));
      if (bytes.length > maxBytes) counters.add("messages_cut");
      if (message.length === 0) {
        counters.add("messages_blank");
        continue;
      }
      const parsed = parseSyslog(message.toString("utf8"), Number(observed / NS_PER_SECOND));
      if (parsed.facility === undefined) counters.add("messages_bare");
      records.push(toRecord(parsed, { peer, host, service }));
    }
    if (records.length === 0) return;
    counters.add("messages", records.length);
    append(records, observed);
  };

  const serve = async (socket: Socket): Promise<void> => {
    const peer = socket.remoteAddress ?? "";
    let messages: Datagram[] = [];
    const framing = new SyslogFraming(maxBytes, {
      message: (bytes) => messages.push({ bytes: Buffer.from(bytes), peer }),
      cut: () => counters.add("messages_cut"),
      fault: () => counters.add("framing_faults"),
    });
    const handOn = async (): Promise<void> => {
      if (messages.length === 0) return;
      await shard.ready(stopping.signal);
      take(messages);
      messages = [];
    };
    try {
      for await (const chunk of socket) {
        framing.push(chunk as Buffer);
        await handOn();
      }
    } finally {
      framing.end();
      await handOn();
    }
  };

  const udp = protocols.includes("udp")
    ? new UdpListener({ source: "syslog", listen, bufferBytes: options.receive_buffer, ready: (signal) => shard.ready(signal), take, clock, log, counters })
    : undefined;
  const tcp = protocols.includes("tcp")
    ? new Connections({ source: "syslog", listen, tls: options.tls, maxConnections: options.max_connections, serve, clock, log, counters })
    : undefined;
  let started: Promise<unknown> | undefined;
  let stopped: Promise<unknown> | undefined;

  return {
    name: "syslog",
    get ports() {
      return { udp: udp?.port, tcp: tcp?.address?.port };
    },
    async start() {
      if (stopped) return;
      await (started ??= Promise.all([udp?.start(), tcp?.start()]));
    },
    async stop() {
      stopping.abort();
      await (stopped ??= Promise.resolve(started).then(() => Promise.all([udp?.stop(), tcp?.stop()])));
    },
  };
};
