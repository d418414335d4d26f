/** Firewalls and what watches them: ModSecurity, Suricata and Snort, pf, RouterOS, Cisco, lfd. */

import { SYSLOG_SEVERITIES } from "@obs/wire";
import { severityOfText } from "../../text/level.ts";
import type { MessageReader } from "./message-reader.ts";

/** `ModSecurity: Access denied with code 403 (phase 2). text [file "..."] [id "..."]`; the pairs in brackets are read as in any text. */
export const modsecurity: MessageReader = {
  programs: [],
  words: ["ModSecurity"],
  patterns: [/^ModSecurity: (?<modsecurity_action>Warning|Access (?:denied|allowed)(?: with (?:code (?<http_response_status__code>\d{3})|redirection|connection close))?(?: \(phase (?<modsecurity_phase>\d)\))?)\. (?<modsecurity_message>.*?)(?= \[(?:file|id|msg|line|ver) ").*$/s],
  finish: (_record, _groups, message) => message,
};

/** `%FACILITY-SEVERITY-MNEMONIC: text` of IOS, NX-OS and ASA. */
export const cisco: MessageReader = {
  programs: [],
  words: ["%"],
  patterns: [/^%(?<cisco_facility>[A-Z][\w-]*?)-(?<severity>[0-7])-(?<cisco_mnemonic>[A-Z\d_]+): (?<cisco_text>.*)$/s],
  finish(record, { severity, cisco_text: text }) {
    record.attributes.delete("severity");
    record.attributes.delete("cisco.text");
    record.setSeverity(SYSLOG_SEVERITIES[Number(severity)]!, severity!);
    // ASA writes `192.0.2.1/4000`.
    return text!.replace(/(?<![\d.])((?:\d{1,3}\.){3}\d{1,3})\/(\d{1,5})(?![\d.])/g, "$1:$2");
  },
};

/** The text of fast.log, in syslog. */
export const intrusion: MessageReader = {
  programs: ["snort", "suricata"],
  words: [],
  patterns: [
    /^(?:\[\*\*\] )?(?:\[(?<rule_action>Drop|wDrop)\] )?\[(?<rule_generator>\d+):(?<rule_id>\d+):(?<rule_version>\d+)\] (?<rule_name>.*?)(?: \[\*\*\])? (?:\[Classification: (?<rule_category>[^\]]*)\] )?(?:\[Priority: (?<rule_priority>\d+)\]:? )?(?:<(?<network_interface_name>[^>]*)> )?\{(?<network_transport>[\w-]+)\} (?<source__address>\S+) -> (?<destination__address>\S+)$/,
  ],
};

/** pf(4) as pflogd and tcpdump print it. */
export const pf: MessageReader = {
  programs: ["pf", "pflogd"],
  words: ["rule"],
  patterns: [/^(?:[\d:.]+ )?rule (?<rule_id>\d+)(?:\.\S*?)?\/(?<pf_subrule>\d+)\((?<pf_reason>[\w-]+)\)(?: \[[^\]]*\])?: (?<action>pass|block|nat|rdr|scrub|match) (?<network_direction>in|out) on (?<network_interface_name>[^\s:]+): (?<pf_packet>.*)$/],
  finish(record, { pf_packet: packet }) {
    record.attributes.delete("pf.packet");
    return packet;
  },
};

/** RouterOS: `firewall,info prefix chain: in:a out:b, connection-state:new src-mac M, proto TCP (SYN), a:p->b:p, len n`. */
export const routeros: MessageReader = {
  programs: [],
  words: ["firewall"],
  patterns: [
    /^(?<log_topics>firewall(?:,\w+)*) (?:(?<netfilter_prefix>\S.*?) )?(?<netfilter_chain>\S+): in:(?<netfilter_in>\([^)]*\)|\S+) out:(?<netfilter_out>\([^)]*\)|[^\s,]+),? (?:connection-state:(?<netfilter_state>\S+) )?(?:src-mac (?<client_mac>[\da-fA-F:]+), )?proto (?<network_transport>[\w-]+)(?: \((?<tcp_flags>[^)]*)\))?, (?<client__address>\S+?)->(?<server__address>\S+?),(?: (?:NAT .*|prio .*),)? len (?<netfilter_len>\d+)$/,
  ],
  finish(record, { log_topics: topics }) {
    for (const topic of topics!.split(",")) record.setSeverity(severityOfText(topic), topic);
    return undefined;
  },
};

/** ConfigServer's lfd: `(service) what from address (CC/Country/name): n in the last s secs - *action* [TRIGGER]`. */
export const lfd: MessageReader = {
  programs: ["lfd"],
  words: [],
  patterns: [
    /^\((?<lfd_service>[^)]+)\) (?<lfd_event>.*?) from (?<client_address>\S+) \((?<client_geo_country__iso__code>[^/)]*)\/(?<client_geo_country__name>[^/)]*)\/(?<client_name>[^)]*)\): (?<reason>(?<lfd_count>\d+) in the last (?<lfd_seconds>\d+) secs(?: - (?:\*(?<action>[^*]*)\* )?\[(?<lfd_trigger>\w+)\])?)$/,
  ],
};

/** security/selinux/avc.c: `avc:  denied  { read } for  pid=7 comm="httpd" ...`. */
export const selinux: MessageReader = {
  programs: [],
  words: ["avc"],
  patterns: [/^avc:\s+(?<selinux_result>denied|granted)\s+\{ (?<selinux_permission>[^}]*?) \} for\s+(?<selinux_text>.*)$/s],
  finish(record, { selinux_text: text }) {
    record.attributes.delete("selinux.text");
    return text;
  },
};
