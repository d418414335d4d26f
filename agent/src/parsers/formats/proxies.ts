/** HAProxy, Squid and Envoy. */

import { patternParser } from "./pattern.ts";

const CLIENT_AND_DATE = String.raw`(?<client__address>\S+:\d+) \[(?<time>[^\]]+)\] `;
const CONNECTIONS = String.raw`(?<haproxy_connections>\d+\/\d+\/\d+\/\d+\/\+?\d+) (?<haproxy_queues>\d+\/\d+)`;

/** http://docs.haproxy.org/dev/configuration.html section 8.2: HTTP, TCP and error logs. */
export const haproxy = patternParser({
  name: "haproxy",
  description: "HAProxy's HTTP, TCP and connection error logs.",
  detect: /^\S+:\d+ \[\d+\/[A-Z][a-z]{2}\/\d{4}:/,
  patterns: [
    new RegExp(String.raw`^${CLIENT_AND_DATE}(?<haproxy_frontend>\S+) (?<haproxy_backend>[^\s\/]*)\/(?<haproxy_server>\S+) (?<timers>-?\d+\/-?\d+\/-?\d+\/-?\d+\/\+?-?\d+) (?<status>-?\d+) (?<http_response_size>\+?\d+) (?<haproxy_request__cookie>\S+) (?<haproxy_response__cookie>\S+) (?<haproxy_termination__state>\S{4}) ${CONNECTIONS}(?: \{(?<haproxy_request__headers>[^}]*)\})?(?: \{(?<haproxy_response__headers>[^}]*)\})?(?: (?<haproxy_more>[^"]+?))? "(?<request>.*?)"?(?: (?<tail>[^"]*))?$`),
    new RegExp(String.raw`^${CLIENT_AND_DATE}(?<haproxy_frontend>\S+) (?<haproxy_backend>[^\s\/]*)\/(?<haproxy_server>\S+) (?<timers>-?\d+\/-?\d+\/\+?-?\d+) (?<http_response_size>\+?\d+) (?<haproxy_termination__state>\S{2}) ${CONNECTIONS}(?<haproxy_more>.*)$`),
    new RegExp(String.raw`^${CLIENT_AND_DATE}(?<haproxy_frontend>[^\s\/]+)\/(?<haproxy_bind>\S+): (?<message>.*)$`),
  ],
  finish: (record, { timers, request, haproxy_connections: connections, haproxy_queues: queues, message }) => {
    const values = timers?.split("/") ?? [];
    const names = values.length === 5 ? ["request", "queue", "connect", "response", "total"] : ["queue", "connect", "total"];
    record.attributes.delete("timers");
    for (const [index, value] of values.entries()) record.set(`haproxy.time.${names[index]}`, value.replace("+", ""));
    for (const [index, value] of (connections?.split("/") ?? []).entries()) record.set(`haproxy.connections.${["active", "frontend", "backend", "server", "retries"][index]}`, value);
    for (const [index, value] of (queues?.split("/") ?? []).entries()) record.set(`haproxy.queue.${["server", "backend"][index]}`, value);
    if (request !== undefined) record.message = request;
    else if (message === undefined) record.message = `${record.attributes.get("haproxy.frontend")} ${record.attributes.get("haproxy.backend")}/${record.attributes.get("haproxy.server")}`;
    return true;
  },
});

/** https://wiki.squid-cache.org/Features/LogFormat: native, and what was appended to it. */
export const squid = patternParser({
  name: "squid",
  description: "Squid's native access log.",
  detect: /^\d{9,10}\.\d{3} +\d+ \S+ [A-Z_]+\/\d{3} /,
  patterns: [
    /^(?<time>\d+\.\d{3}) +(?<duration>\d+) (?<client__address>\S+) (?<squid_result>[A-Z_]+)\/(?<status>\d{3}) (?<http_response_size>\d+) (?<http_request_method>\S+) (?<target>\S+) (?<user_name>\S+) (?<squid_hierarchy>[A-Z_]+)\/(?<server_address>\S+) (?<http_response_mime__type>\S+)(?: (?<squid_more>.*))?$/,
  ],
  names: { duration: "http.server.request.duration" },
  facts: false,
  finish: (record, { http_request_method: method, target }) => {
    record.message = `${method} ${target}`;
    return true;
  },
});

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage, the default text format. */
export const envoy = patternParser({
  name: "envoy",
  description: "Envoy's default access log, also of Istio's sidecars.",
  detect: /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] "/,
  patterns: [
    /^\[(?<time>[^\]]+)\] "(?<request>[^"]*)" (?<status>\d+) (?<envoy_response_flags>\S+)(?: (?<envoy_response_code__details>\S+) (?<envoy_connection_termination>\S+) "(?<envoy_upstream_failure>[^"]*)")? (?<http_request_size>\d+) (?<http_response_size>\d+) (?<duration>\d+|-) (?<upstream_duration>\d+|-) "(?<forwarded>[^"]*)" "(?<agent>[^"]*)" "(?<http_request_id>[^"]*)" "(?<http_request_header_host>[^"]*)" "(?<upstream__address>[^"]*)"(?: (?<envoy_upstream_cluster>\S+) (?<envoy_upstream_local>\S+) (?<envoy_downstream_local>\S+) (?<client__address>\S+) (?<tls_client_server__name>\S+) (?<envoy_route>\S+))?$/,
  ],
  names: { agent: "user_agent.original", forwarded: "http.request.header.x-forwarded-for", duration: "http.server.request.duration" },
  facts: false,
  finish: (record, { request }) => {
    record.message = request!;
    return true;
  },
});
