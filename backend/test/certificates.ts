/** Certificates for tests, made by openssl: an authority, a server for 127.0.0.1 and a client, and a stranger's. */

import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export const OPENSSL = {
  isAbsent: spawnSync("openssl", ["version"]).status !== 0,
  title: spawnSync("openssl", ["version"]).status === 0 ? "openssl" : "openssl (skipped: not there; Debian: apt-get install openssl)",
};

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly ca: string;
  readonly server: Pair;
  readonly client: Pair;
  /** Signed by an authority that nobody knows. */
  readonly stranger: Pair;
}

const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "ignore" });
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Paths of PEM files in `folder`. */
export const makeCertificates = (folder: string): Certificates => {
  const path = (name: string): string => join(folder, name);
  const authority = (name: string): Pair => {
    const pair = { cert: path(`${name}.crt`), key: path(`${name}.key`) };
    openssl("req", "-x509", ...newKey, "-keyout", pair.key, "-out", pair.cert, "-days", "2", "-subj", `/CN=${name}`);
    return pair;
  };
  const signed = (name: string, by: Pair, extension: string): Pair => {
    const pair = { cert: path(`${name}.crt`), key: path(`${name}.key`) };
    writeFileSync(path(`${name}.ext`), extension);
    openssl("req", ...newKey, "-keyout", pair.key, "-out", path(`${name}.csr`), "-subj", `/CN=${name}`);
    openssl("x509", "-req", "-in", path(`${name}.csr`), "-CA", by.cert, "-CAkey", by.key, "-CAcreateserial", "-days", "2", "-out", pair.cert, "-extfile", path(`${name}.ext`));
    return pair;
  };
  const ca = authority("ca");
  return {
    ca: ca.cert,
    server: signed("server", ca, "subjectAltName=IP:127.0.0.1"),
    client: signed("client", ca, "extendedKeyUsage=clientAuth"),
    stranger: signed("stranger", authority("other-ca"), "extendedKeyUsage=clientAuth"),
  };
};
