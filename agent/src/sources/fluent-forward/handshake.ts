/** The handshake of the forward protocol, version 1: HELO, PING, PONG with a shared key. */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { encode } from "@msgpack/msgpack";

const NONCE_BYTES = 16;

export interface Handshake {
  /** What the server says first. */
  readonly helo: Uint8Array;
  /** Answers the client's PING; `isKnown` = it knows the key. */
  answer(ping: unknown): { readonly pong: Uint8Array; readonly isKnown: boolean };
}

type Part = string | Uint8Array;

const digestOf = (...parts: readonly Part[]): string => {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

const isPart = (value: unknown): value is Part => typeof value === "string" || value instanceof Uint8Array;

const isEqual = (given: Part, expected: string): boolean => {
  const bytes = Buffer.from(given as Uint8Array);
  return bytes.length === expected.length && timingSafeEqual(bytes, Buffer.from(expected));
};

const refused = (reason: string) => ({ pong: encode(["PONG", false, reason, "", ""]), isKnown: false });

export const createHandshake = (sharedKey: string, serverName: string): Handshake => {
  const nonce = randomBytes(NONCE_BYTES);
  return {
    helo: encode(["HELO", { nonce, auth: "", keepalive: true }]),
    answer(ping) {
      const [type, client, salt, digest] = (Array.isArray(ping) ? ping : []) as unknown[];
      if (!isPart(type) || Buffer.from(type as Uint8Array).toString() !== "PING" || !isPart(client) || !isPart(salt) || !isPart(digest)) return refused("a PING was expected");
      if (!isEqual(digest, digestOf(salt, client, nonce, sharedKey))) return refused("shared_key mismatch");
      return { pong: encode(["PONG", true, "", serverName, digestOf(salt, serverName, nonce, sharedKey)]), isKnown: true };
    },
  };
};
