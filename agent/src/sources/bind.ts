/**
 * Addresses of listening sources. A port that is taken, or a certificate that is not there yet, is
 * told once and tried again: the rest of the agent works on.
 */

import { readFile } from "node:fs/promises";
import type { TlsOptions as ServerTlsOptions } from "node:tls";
import type { TlsOptions } from "../config/listeners.ts";
import { sleep, type Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT` or `[IPV6]:PORT`, as the configuration's check has let it through. */
export const parseAddress = (listen: string): Address => {
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(listen)!;
  return { host: host!, port: Number(port) };
};

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EACCES: "ports below 1024 need the capability CAP_NET_BIND_SERVICE",
  EADDRNOTAVAIL: "this host has no such address",
};

export interface BindContext {
  readonly source: string;
  readonly listen: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Resolves after the first try; goes on trying until it has worked or the signal aborts. */
export const bindPatiently = async (bind: () => Promise<void>, { source, listen, clock, log, signal }: BindContext): Promise<void> => {
  const attempt = async (): Promise<unknown> => {
    try {
      await bind();
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const again = async (): Promise<void> => {
    for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_RETRY_MS)) {
      await sleep(clock, delayMs, signal);
      if (signal.aborted) return;
      if ((await attempt()) === undefined) return log.info(`the ${source} source listens now`, { listen });
    }
  };
  const failure = await attempt();
  if (failure === undefined) return;
  const remedy = REMEDIES[(failure as NodeJS.ErrnoException).code ?? ""];
  log.error(`the ${source} source cannot listen yet${remedy ? `: ${remedy}` : ""}; it goes on trying`, { listen, error: failure });
  void again();
};

/** Reads the files. TLS 1.2 is the least. */
export const readTls = async ({ cert_file, key_file, client_ca_file }: TlsOptions): Promise<ServerTlsOptions> => {
  const [cert, key, ca] = await Promise.all([readFile(cert_file), readFile(key_file), client_ca_file === undefined ? undefined : readFile(client_ca_file)]);
  return { cert, key, minVersion: "TLSv1.2", ...(ca && { ca, requestCert: true, rejectUnauthorized: true }) };
};

/** A secret given in the configuration or in a file. */
export const readSecret = async (text: string | undefined, file: string | undefined): Promise<string | undefined> => {
  if (text !== undefined || file === undefined) return text;
  const secret = (await readFile(file, "utf8")).trim();
  if (secret === "") throw new Error(`${file} is empty`);
  return secret;
};
