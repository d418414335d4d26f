/** Another agent that is installed on this machine, and how it does a work. */

import type { Work } from "../measure/works.ts";

export interface PeerTask {
  readonly work: Work;
  readonly inputs: readonly string[];
  /** Exists, empty, of this run's own: configuration, state and disk queues. */
  readonly folder: string;
  /** Where it sends to, on 127.0.0.1: HTTP POSTs of lines, or lines over TCP, plain or as one zlib stream. */
  readonly httpPort: number;
  readonly tcpPort: number;
}

export interface PeerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Peer {
  readonly name: string;
  readonly version: string;
  /** Writes the configuration. Throws, with what to do, when something of it is not installed. */
  prepare(task: PeerTask): PeerCommand;
}
