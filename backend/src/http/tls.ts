/** HTTPS from OBS_TLS_*: files are read once, at start, and every fault of them is one line. */

import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { type Config, ConfigError } from "../config.ts";

export interface TlsOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  /** With `ca`: a connection without a certificate that it signed ends in the handshake. */
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  readonly minVersion: "TLSv1.2";
}

type TlsConfig = Pick<Config, "tlsCert" | "tlsKey" | "tlsClientCa">;

/** undefined: plain HTTP. Throws ConfigError. */
export const readTls = ({ tlsCert, tlsKey, tlsClientCa }: TlsConfig): TlsOptions | undefined => {
  const faults: string[] = [];
  const read = (variable: string, path: string | undefined): Buffer | undefined => {
    try {
      return path === undefined ? undefined : readFileSync(path);
    } catch (error) {
      faults.push(`${variable}: ${(error as NodeJS.ErrnoException).code === "ENOENT" ? `there is no file ${path}` : (error as Error).message}`);
      return undefined;
    }
  };
  const [cert, key, ca] = [read("OBS_TLS_CERT", tlsCert), read("OBS_TLS_KEY", tlsKey), read("OBS_TLS_CLIENT_CA", tlsClientCa)];
  if ((tlsCert === undefined) !== (tlsKey === undefined)) faults.push("OBS_TLS_CERT and OBS_TLS_KEY are needed together");
  else if (tlsClientCa !== undefined && tlsCert === undefined) faults.push("OBS_TLS_CLIENT_CA needs OBS_TLS_CERT and OBS_TLS_KEY");
  if (faults.length === 0 && cert && key) {
    try {
      createSecureContext({ cert, key, ...(ca && { ca }) });
    } catch (error) {
      faults.push(`OBS_TLS_CERT, OBS_TLS_KEY, OBS_TLS_CLIENT_CA: not usable: ${(error as Error).message}`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return cert && key ? { cert, key, ...(ca && { ca }), requestCert: ca !== undefined, rejectUnauthorized: ca !== undefined, minVersion: "TLSv1.2" } : undefined;
};
