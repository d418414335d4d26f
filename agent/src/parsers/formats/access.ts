/**
 * Access logs of web servers: common, combined and what nginx, Apache, Traefik, Caddy, lighttpd,
 * gunicorn and their users make of them. A time in brackets, a request in quotes, then status and
 * size: what comes before and after these is told by its place and its looks.
 */

import { patternParser } from "./pattern.ts";
import { setAddress, setRequest, setStatus } from "../text/http.ts";
import { ParsedRecord, type LineParser, type ParseContext } from "../text/record.ts";
import { tokensOf, type Token } from "../text/tokens.ts";

const STATUS = /^(?:[1-5]\d\d|-|000|499)$/;
const SIZE = /^(?:\d+|-)$/;
const ADDRESS = /^(?:(?:\d{1,3}\.){3}\d{1,3}|[\da-fA-F]*:[\da-fA-F:.]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/;
const LIST_OF_ADDRESSES = /^(?:-|(?:\d{1,3}\.){3}\d{1,3}(?:, ?[\d.]+)*|[\da-f:]*:[\da-f:]+(?:, ?[\da-f.:]+)*)$/i;

/** Who asked: `[vhost] address ident user`, in which any may be `-` and the address a name. */
const readCaller = (record: ParsedRecord, tokens: readonly Token[], line: string): boolean => {
  if (tokens.length === 0) return true;
  const texts = tokens.map(({ text }) => text);
  const at = tokens.length > 1 && !ADDRESS.test(texts[0]!) && ADDRESS.test(texts[1]!) ? 1 : 0;
  if (at === 1) setAddress(record, "server", texts[0]!);
  setAddress(record, "client", texts[at]!);
  const rest = texts.slice(at + 1);
  if (rest.length > 4) return false;
  if (rest.length === 1) record.set("user.name", rest[0]);
  // nginx's users put an id between address and user: `address - id user [time]`.
  else if (rest.length === 3) record.setAll({ "client.ident": rest[0], "http.request.id": rest[1], "user.name": rest[2] });
  else if (rest.length >= 2) record.setAll({ "client.ident": rest[0], "user.name": line.slice(tokens[at + 2]!.start, tokens.at(-1)!.end) });
  return true;
};

/** After status and size: referer and agent in quotes, then what the operator added. */
const readRest = (record: ParsedRecord, tokens: readonly Token[], line: string): void => {
  const quoted = tokens.findIndex(({ mark }) => mark === '"');
  if (quoted < 0 && tokens.length >= 2 && SIZE.test(tokens[0]!.text)) {
    // Bytes with headers, then referer and agent without quotes.
    record.setAll({ "http.response.size": tokens[0]!.text, "http.request.header.referer": tokens[1]!.text, "user_agent.original": tokens[2] && line.slice(tokens[2].start).trimEnd() });
    return;
  }
  for (const token of tokens.slice(0, Math.max(quoted, 0))) record.set("http.server.request.duration", token.text);
  const [referer, agent] = quoted < 0 ? [] : tokens.slice(quoted, quoted + 2);
  let extra = quoted < 0 ? tokens : tokens.slice(quoted);
  if (referer?.mark === '"' && agent?.mark === '"') {
    record.setAll({ "http.request.header.referer": referer.text, "user_agent.original": agent.text });
    extra = tokens.slice(quoted + 2);
  }
  const forwarded = extra[0];
  if (forwarded?.mark === '"' && LIST_OF_ADDRESSES.test(forwarded.text)) {
    record.set("http.request.header.x-forwarded-for", forwarded.text);
    extra = extra.slice(1);
  }
  if (extra.length === 0) return;
  if (readIngress(record, extra) || readTraefik(record, extra)) return;
  record.set("extra", line.slice(extra[0]!.start).trimEnd());
  // Operators name what they add: `rt=0.003 uct="0.001"`.
  const pairs = extra.map(({ start, end }) => /^([A-Za-z_][\w.-]{0,63})=(?:"(.*)"|(.*))$/s.exec(line.slice(start, end)));
  for (const [index, { text }] of extra.entries()) {
    const pair = pairs[index];
    if (pair) record.set(pair[1]!, pair[2] ?? pair[3]);
    else if (extra.length > 1) record.set("extra", text);
  }
};

/** ingress-nginx: length, duration, [upstream] [alternative] address length duration status id. */
const readIngress = (record: ParsedRecord, extra: readonly Token[]): boolean => {
  if (extra.length < 9 || extra[2]?.mark !== "[" || extra[3]?.mark !== "[") return false;
  const texts = extra.map(({ text }) => text);
  record.setAll({
    "http.request.size": texts[0], "http.server.request.duration": texts[1], "upstream.name": texts[2], "upstream.alternative_name": texts[3], "upstream.address": texts[4],
    "upstream.response.size": texts[5], "upstream.response.duration": texts[6], "upstream.response.status_code": texts[7], "http.request.id": texts[8],
  }); // prettier-ignore
  return true;
};

/** Traefik: count, "router", "server", duration in ms. */
const readTraefik = (record: ParsedRecord, extra: readonly Token[]): boolean => {
  if (extra.length !== 4 || !/^\d+ms$/.test(extra[3]!.text) || extra[1]!.mark !== '"') return false;
  record.setAll({ "http.request.count": extra[0]!.text, "traefik.router": extra[1]!.text, "upstream.address": extra[2]!.text, "http.server.request.duration": extra[3]!.text });
  return true;
};

const parseAccess = (line: string, context: ParseContext): ParsedRecord | undefined => {
  const tokens = tokensOf(line);
  const timeAt = tokens.findIndex(({ mark, text }) => mark === "[" && /^\d/.test(text) && /:\d\d/.test(text));
  if (timeAt < 0 || timeAt > 6) return undefined;
  const requestAt = tokens.findIndex(({ mark }, index) => index > timeAt && mark === '"');
  const request = tokens[requestAt];
  if (!request || requestAt > timeAt + 4) return undefined;
  const status = tokens[requestAt + 1];
  if (!status || status.mark !== "" || !STATUS.test(status.text)) return undefined;
  const record = new ParsedRecord();
  if (!record.readTime(context, tokens[timeAt]!.text)) return undefined;
  const between = tokens.slice(timeAt + 1, requestAt);
  // Apache's own order has nothing between time and request; a time first has host, address and duration there.
  if (timeAt === 0 && between.length > 0) {
    if (ADDRESS.test(between[1]?.text ?? "")) setAddress(record, "server", between[0]!.text);
    setAddress(record, "client", between[between.length > 1 ? 1 : 0]!.text);
    record.set("http.server.request.duration", between[2]?.text);
  } else if (between.length > 0) return undefined;
  if (!readCaller(record, tokens.slice(0, timeAt), line)) return undefined;
  record.message = request.text;
  setRequest(record, request.text);
  setStatus(record, status.text);
  const size = tokens[requestAt + 2];
  const hasSize = size !== undefined && size.mark === "" && SIZE.test(size.text);
  if (hasSize) record.set("http.response.body.size", size.text);
  readRest(record, tokens.slice(requestAt + (hasSize ? 3 : 2)), line);
  return record;
};

export const access: LineParser = {
  name: "access",
  description: "Access logs in the common and combined formats and their relatives, with or without a virtual host, forwarded addresses, durations and upstreams: nginx, Apache, ingress-nginx, Traefik, lighttpd, gunicorn.",
  detect: (line) => /\[\d[^\]]{9,40}\].*"/.test(line.length > 512 ? line.slice(0, 512) : line),
  parse: parseAccess,
};

/** Its own log_format: `[time] (upstream's cache status) (status) status - method scheme host "target" [Client a] [Length n] ...`. */
export const nginxProxyManager = patternParser({
  name: "nginx_proxy_manager",
  description: "Access logs of Nginx Proxy Manager.",
  detect: /^\[\d\d\/[A-Z][a-z]{2}\/\d{4}:[\d: +-]+\] (?:\S+ ){1,4}[A-Z]+ \w+ \S+ "/,
  patterns: [
    /^\[(?<time>[^\]]+)\] (?:(?<nginx_cache_status>-|[A-Z]+) (?:(?<upstream_response_status__code>\d{3}|-) )?)??(?<status>\d{3}) - (?<http_request_method>[A-Z]+) (?<url_scheme>\w+) (?<http_request_header_host>\S+) "(?<target>[^"]*)" \[Client (?<client_address>[^\]]+)\] \[Length (?<http_response_body_size>[^\]]+)\] \[Gzip (?<nginx_gzip_ratio>[^\]]+)\](?: \[Sent-to (?<upstream_address>[^\]]+)\])? "(?<agent>[^"]*)" "(?<referer>[^"]*)"$/,
  ],
  names: { agent: "user_agent.original", referer: "http.request.header.referer" },
  facts: false,
  finish: (record, { http_request_method: method, target }) => {
    record.message = `${method} ${target}`;
    return true;
  },
});

const COMMON = /^\S+ \S+ (?:\S+|[^[]{1,256}) \[[^\]]+\] "(?:[^"\\]|\\.|"(?! \d))*" (?:\d{3}|-) (?:\d+|-)( "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*")?$/;

const strict = (name: string, description: string, isForm: (match: RegExpExecArray) => boolean): LineParser => ({
  name,
  description,
  detect: access.detect,
  parse(line, context) {
    const match = COMMON.exec(line);
    return match && isForm(match) ? parseAccess(line, context) : undefined;
  },
});

export const apacheCommon = strict("apache_common", "The common log format, and nothing but.", ([, combined]) => combined === undefined);
export const apacheCombined = strict("apache_combined", "The combined log format, and nothing but.", ([, combined]) => combined !== undefined);
