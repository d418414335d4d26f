/**
 * Access logs in the combined format have a lane of their own in the compiled row pass: most of what
 * web servers write, and 30 times as much work for a parser of strings (decision 0052). The lane
 * writes what parsers/formats/access.ts would give, or leaves the line to it.
 */

import type { LogColumns } from "./columns.ts";

/** In the order of wasm/row-pass.ts, which is the order in which the parser gives them. */
export const ACCESS_KEYS = [
  "client.address", "client.ident", "user.name", "http.request.method", "url.original", "url.path", "url.query", "network.protocol.version",
  "http.response.status_code", "http.response.body.size", "http.request.header.referer", "user_agent.original", "http.request.header.x-forwarded-for",
] as const; // prettier-ignore

export const ACCESS_KEYS_BYTES = ACCESS_KEYS.length * 2;

/** Memo of agents: as many slots as wasm/row-pass.ts has, of a length and up to 256 bytes each. */
export const AGENT_MEMO_BYTES = 128 * 288;

/** Tells the lane the ids of its keys; they live until the dictionaries are cleared. */
export const writeAccessKeys = ({ arena, keys, accessKeys }: LogColumns): void =>
  ACCESS_KEYS.forEach((key, index) => arena.view.setUint16(accessKeys + index * 2, keys.idOf(key), true));
