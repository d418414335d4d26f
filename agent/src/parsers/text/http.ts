/** Names for what every access log has: request lines, addresses, status. */

import type { ParsedRecord } from "./record.ts";
import { severityOfStatus } from "./level.ts";

const REQUEST = /^([A-Z][A-Z_-]{1,19}) (\S.*?)(?: (?:HTTP\/|(?=[A-Z]+\/\d))([\w./-]+))?\s*$/;
const HOST_PORT = /^(?:\[([\da-fA-F:.%]+)\]|([^\s:[\]]+)):(\d{1,5})$/;

/** `10.0.0.1:80`, `[::1]:80`, `host:80` in two; without a port the text as it is. */
export const splitPort = (text: string): { readonly address: string; readonly port?: string } => {
  const parts = HOST_PORT.exec(text);
  return parts ? { address: parts[1] ?? parts[2]!, port: parts[3]! } : { address: text.replace(/^\[|\]$/g, "") };
};

/** Sets `<role>.address` and `<role>.port`. An IPv4 address in IPv6's clothes is shown as what it is. */
export const setAddress = (record: ParsedRecord, role: string, text: string): void => {
  const { address, port } = splitPort(text);
  record.set(`${role}.address`, plainAddress(address));
  record.set(`${role}.port`, port);
};

/** A clock and a hardware address have colons, too. */
export const isIpv6 = (text: string): boolean => /^[\da-f:.]+(?:%\w+)?$/i.test(text) && (text.includes("::") ? /[\da-f]/i.test(text) : text.split(":").length === 8);

const IPV4 = /^(?:::ffff:)?(?:\d{1,3}\.){3}\d{1,3}$/i;
export const isAddress = (text: string): boolean => IPV4.test(text) || isIpv6(text);

export const plainAddress = (address: string): string => (/^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address);

/** Method, target and protocol of `GET /a?b HTTP/1.1`. What is no request line is kept as it is. */
export const setRequest = (record: ParsedRecord, line: string): void => {
  const request = REQUEST.exec(line);
  if (!request) {
    record.set("http.request.line", line);
    return;
  }
  record.set("http.request.method", request[1]);
  setTarget(record, request[2]!);
  record.set("network.protocol.version", request[3]);
};

/** `url.original`, and its parts when it has several. */
export const setTarget = (record: ParsedRecord, target: string): void => {
  record.set("url.original", target);
  const query = target.indexOf("?");
  const parts = /^([a-z][a-z\d+.-]{1,15}):\/\/([^/?#]*)/.exec(target);
  if (parts) {
    record.set("url.scheme", parts[1]);
    setAddress(record, "server", parts[2]!);
  }
  const start = parts ? parts[0].length : 0;
  if (start > 0 || query >= 0) record.set("url.path", target.slice(start, query < 0 ? undefined : query));
  if (query >= 0) record.set("url.query", target.slice(query + 1));
};

export const setStatus = (record: ParsedRecord, status: string): void => {
  record.set("http.response.status_code", status);
  record.setSeverity(severityOfStatus(status), status);
};
