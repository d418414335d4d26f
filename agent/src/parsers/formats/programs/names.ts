/** Name and address services: BIND, Unbound, dnsmasq, ISC dhcpd. */

import type { MessageReader } from "./message-reader.ts";

const BIND_CLIENT = String.raw`(?:(?:(?<bind_category>[\w-]+): )?(?:info|error|warning|notice|debug \d+): )?client (?:@0x[\da-f]+ )?(?<client_address>[\da-fA-F.:]+)#(?<client_port>\d+)(?:\/key (?<bind_key>\S+))?(?: \((?<dns_client__name>[^)]*)\))?`;
const QUESTION = String.raw`(?<dns_question_name>\S+?)\/(?<dns_question_type>[\w-]+)\/(?<dns_question_class>[A-Z]+)`;

/** https://bind9.readthedocs.io, categories queries, query-errors, security and update. */
export const bind: MessageReader = {
  programs: ["named"],
  words: ["client", "queries", "query-errors", "security", "update", "update-security", "notify", "xfer-out", "rate-limit"],
  patterns: [
    new RegExp(String.raw`^${BIND_CLIENT}(?:: view (?<bind_view>[^:]+))?: (?<dns_event>query): (?<dns_question_name>\S+) (?<dns_question_class>[A-Z]+) (?<dns_question_type>[\w-]+) (?<bind_flags>[+-]\S*)(?: \((?<server_address>[^)]+)\))?(?: \[ECS .*\])?$`),
    new RegExp(String.raw`^${BIND_CLIENT}(?:: view (?<bind_view>[^:]+))?: (?<dns_event>query|zone transfer|update|notify|query failed)(?: \((?<dns_cache>[\w ]+)\))?(?: for)? '?${QUESTION}'? (?<bind_result>denied|approved|failed|(?:at|for) .*)(?: \((?<reason>.*)\))?$`),
    new RegExp(String.raw`^${BIND_CLIENT}(?:: view (?<bind_view>[^:]+))?: (?<dns_event>query failed) \((?<bind_result>\w+)\) for ${QUESTION} at (?<code_file_path>[^:]+):(?<code_line_number>\d+)$`),
    new RegExp(String.raw`^${BIND_CLIENT}(?:: view (?<bind_view>[^:]+))?: (?:received notify for|transfer of) '?(?<dns_zone>[^'\s/]+).*$`),
    new RegExp(String.raw`^${BIND_CLIENT}(?:: view (?<bind_view>[^:]+))?: (?<bind_action>rate limit (?:drop|slip)|would rate limit (?:drop|slip)) (?<bind_response>\w+) response to (?<bind_network>\S+)(?: for (?<dns_question_name>\S+) (?<dns_question_class>[A-Z]+) (?<dns_question_type>[\w-]+))?.*$`),
  ],
  finish: (record) => {
    if (record.attributes.get("dns.client_name") === record.attributes.get("dns.question.name")) record.attributes.delete("dns.client_name");
    return undefined;
  },
};

/** `info: 127.0.0.1 example.com. A IN [NOERROR 0.000 0 44]` with log-queries and log-replies. */
export const unbound: MessageReader = {
  programs: ["unbound"],
  words: [],
  patterns: [/^(?:\[[\d:]+\] )?(?:(?:info|query|reply): )?(?:(?<client_address>[\da-fA-F.:]+) )?(?<dns_question_name>\S+\.) (?<dns_question_type>[A-Z\d]+) (?<dns_question_class>[A-Z]+)(?: (?<dns_response_code>[A-Z]+) (?<duration>[\d.]+) (?<dns_cached>[01]) (?<dns_response_size>\d+))?$/],
};

/** dnsmasq's log-queries (with the serial and requestor of `extra`) and log-dhcp. */
export const dnsmasq: MessageReader = {
  programs: ["dnsmasq", "dnsmasq-dhcp"],
  words: [],
  patterns: [
    /^(?:(?<dns_id>\d+) (?<client_address>[\da-fA-F.:]+)\/(?<client_port>\d+) )?(?<dns_event>query)\[(?<dns_question_type>[^\]]+)\] (?<dns_question_name>\S+) from (?<client__address>\S+)$/,
    /^(?:(?<dns_id>\d+) (?<client_address>[\da-fA-F.:]+)\/(?<client_port>\d+) )?(?<dns_event>forwarded) (?<dns_question_name>\S+) to (?<server_address>\S+)$/,
    /^(?:(?<dns_id>\d+) (?<client_address>[\da-fA-F.:]+)\/(?<client_port>\d+) )?(?<dns_event>reply|cached|config|validation|gravity blocked|regex denied|exactly denied|cached-stale|special domain|DHCP|\/\S+) (?<dns_question_name>\S+) is (?<dns_answer>.+)$/,
    /^(?:(?<dhcp_id>\d+) )?(?<dhcp_operation>DHCP[A-Z]+)\((?<network_interface_name>[^)]+)\)(?: (?<client_address>[\da-fA-F.:]+))?(?: (?<client_mac>(?:[\da-f]{2}:){5,15}[\da-f]{2}))?(?: (?<client_name>.*))?$/,
  ],
};

const MAC = String.raw`(?<client_mac>(?:[\da-fA-F]{2}:){5}[\da-fA-F]{2})`;

/** ISC dhcpd. */
export const dhcpd: MessageReader = {
  programs: ["dhcpd", "dhclient"],
  words: ["DHCPDISCOVER", "DHCPOFFER", "DHCPREQUEST", "DHCPACK", "DHCPNAK", "DHCPRELEASE", "DHCPINFORM", "DHCPDECLINE"],
  patterns: [
    new RegExp(String.raw`^(?<dhcp_operation>DHCP[A-Z]+) (?:for|on|of) (?<client_address>\S+)(?: \((?<server_address>[^)]+)\))? (?:from|to) ${MAC}(?: \((?<client_name>[^)]*)\))? via (?<network_interface_name>[^\s:]+)(?:: (?<reason>.*))?(?: (?<dhcp_state>\(.*\)|uid .*|lease-duration .*))?$`),
    new RegExp(String.raw`^(?<dhcp_operation>DHCP[A-Z]+) from ${MAC}(?: \((?<client_name>[^)]*)\))? via (?<network_interface_name>[^\s:]+)(?:: (?<reason>.*))?$`),
    /^(?<dhcp_operation>DHCP[A-Z]+) (?:of (?<client_address>\S+) )?(?:on (?<network_interface_name>\S+) )?(?:to|from) (?<server_address>[\da-fA-F.:]+)(?: port (?<server_port>\d+))?(?: interval (?<dhcp_interval>\d+))?(?: \(.*\))?$/,
  ],
};
