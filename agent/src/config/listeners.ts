/**
 * Options of the sources that listen, and of the one that runs commands. Each is an element of a
 * list in the configuration; the source takes it as it stands here.
 */

import { z } from "../core/zod.ts";
import { count, duration, listenAddress, size } from "./option-types.ts";

const service = (otherwise: string) => z.string().min(1).optional().describe(`Service of its rows; without it ${otherwise}.`);
const environment = z.string().optional().describe("Environment of its rows, in place of the one for all.");

const tls = z
  .strictObject({
    cert_file: z.string().min(1).describe("Certificate chain of this listener, PEM."),
    key_file: z.string().min(1).describe("Its private key, PEM."),
    client_ca_file: z.string().min(1).optional().describe("Certificates of the authorities whose clients are let in, PEM; without it clients need no certificate."),
  })
  .optional()
  .describe("TLS on the connections; without it they are in the clear. The files are read at start.");

const maxConnections = count(1, 100_000).prefault(1000).describe("Connections open at one time; more are closed at once and counted.");

export const syslogSchema = z.strictObject({
  listen: listenAddress.prefault("127.0.0.1:5514").describe("Address and port, the same for every protocol."),
  protocols: z.array(z.enum(["udp", "tcp"])).min(1).prefault(["udp", "tcp"]).describe("What is listened for. On TCP, octet counting and lines (RFC 6587) are told apart by themselves."),
  tls,
  service: service("the message's app-name or tag names it, and `syslog` where there is none"),
  environment,
  max_message: size("480B").prefault("64KB").describe("Longer messages are cut there and counted."),
  max_connections: maxConnections,
  receive_buffer: size("64KB").prefault("8MB").describe("Receive buffer asked of the kernel for UDP; `net.core.rmem_max` bounds what it gives."),
});

export const httpSchema = z.strictObject({
  listen: listenAddress.prefault("127.0.0.1:8687").describe("Address and port."),
  path: z.string().regex(/^\/[^?#\s]*$/, "expected a path that begins with /").prefault("/").describe("Path that is posted to."),
  bearer_token: z.string().min(1).optional().describe("Token that requests must bring as `Authorization: Bearer ...`."),
  bearer_token_file: z.string().min(1).optional().describe("File that holds the token, in place of `bearer_token`."),
  tls,
  service: z.string().min(1).prefault("http").describe("Service of lines that do not name one."),
  environment,
  max_body: size("1KB").prefault("16MB").describe("Larger bodies are refused with 413."),
  max_decompressed: size("1KB").prefault("64MB").describe("Bodies that decompress (gzip, zstd) to more are refused with 413."),
  max_pending: size("1MB").prefault("64MB").describe("Bytes of requests that are not answered yet; above it requests are refused with 429."),
  patience: duration("0s").prefault("5s").describe("How long a request waits for room in the buffer; then it is refused with 503."),
  max_connections: maxConnections,
});

export const fluentForwardSchema = z.strictObject({
  listen: listenAddress.prefault("127.0.0.1:24224").describe("Address and port."),
  shared_key: z.string().min(1).optional().describe("Key that clients must know (the protocol's handshake)."),
  shared_key_file: z.string().min(1).optional().describe("File that holds the key, in place of `shared_key`."),
  tls,
  service: z.string().min(1).optional().describe("Service of records that do not name one; their tag by default."),
  environment,
  max_message: size("64KB").prefault("16MB").describe("A connection that sends a larger message is closed."),
  max_decompressed: size("64KB").prefault("64MB").describe("A connection that sends a message which decompresses to more is closed."),
  max_connections: maxConnections,
});

export const execSchema = z.strictObject({
  command: z.union([z.string().min(1), z.array(z.string()).min(1)]).describe("A program and its arguments; a text is run by `/bin/sh -c`."),
  service: service("the program's name"),
  environment,
  working_dir: z.string().min(1).optional().describe("Folder it runs in; the agent's own by default."),
  env: z.record(z.string(), z.string()).prefault({}).describe("Environment variables added to the agent's own."),
  restart: z.enum(["always", "on_failure", "never"]).prefault("always").describe("When it is started again after it ended."),
  restart_first: duration("10ms").prefault("1s").describe("Delay before it is started again; it doubles each time."),
  restart_longest: duration("10ms").prefault("1m").describe("Longest such delay. A command that ran for as long begins at the first delay again."),
  stop_timeout: duration("0s").prefault("5s").describe("Time between SIGTERM and SIGKILL when the agent stops."),
});

/** The defaults that configuration gives are in; what is left to the agent is `environment`. */
export type TlsOptions = NonNullable<z.output<typeof tls>>;
export type SyslogSourceOptions = z.output<typeof syslogSchema>;
export type HttpSourceOptions = z.output<typeof httpSchema>;
export type FluentForwardSourceOptions = z.output<typeof fluentForwardSchema>;
export type ExecSourceOptions = z.output<typeof execSchema>;
