/** Linux' kernel: packets that netfilter logs, faults, the out-of-memory killer; VMware's vmkernel. */

import type { ParsedRecord } from "../../text/record.ts";
import type { MessageReader } from "./message-reader.ts";

const UPTIME = String.raw`(?:\[ *(?<kernel_uptime>\d+\.\d+)\] ?)?`;
/** Keys of nf_log_syslog.c under the names that the rest of the parsers use. */
const NETFILTER_NAMES = new Map([["IN", "netfilter.in"], ["OUT", "netfilter.out"], ["SRC", "client.address"], ["DST", "server.address"], ["SPT", "client.port"], ["DPT", "server.port"], ["PROTO", "network.transport"], ["LEN", "netfilter.len"]]);
const MAC = /^((?:[\da-f]{2}:){5}[\da-f]{2}):((?:[\da-f]{2}:){5}[\da-f]{2}):([\da-f]{2}:[\da-f]{2})$/i;
/** Set in the IP header and in the TCP header. */
const IP_FLAGS = new Set(["CE", "DF", "MF"]);
const TCP_FLAGS = new Set(["CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"]);
/** VyOS, EdgeOS and UniFi put `[RULESET-RULE-ACTION]` in front, newer ones `[RULESET-ACTION-RULE]`. */
const RULE = /^\[(.+)-(?:(\d+|default)-([A-Z])|([A-Z])-(\d+))\]/;
const ACTION = /\b(?:BLOCK|DROP|DROPPED|REJECT|ACCEPT|ALLOW|AUDIT|LIMIT BLOCK|LIMIT|DENY|DENIED|reject|drop|accept)\b/;

const readPacket = (record: ParsedRecord, prefix: string, packet: string): void => {
  const rule = RULE.exec(prefix);
  if (rule) record.setAll({ "netfilter.ruleset": rule[1], "rule.id": rule[2] ?? rule[5], action: rule[3] ?? rule[4] });
  const label = prefix.replace(/[:\s]+$/, "");
  if (label !== "") record.setAll({ "netfilter.prefix": label, action: rule ? undefined : ACTION.exec(label)?.[0] });
  const flags: string[] = [];
  let rest = packet;
  // What an ICMP error quotes is another packet.
  const quoted = rest.search(/ \[SRC=/);
  if (quoted >= 0) {
    record.set("netfilter.quoted", rest.slice(quoted + 2).replace(/\]\s*$/, ""));
    rest = rest.slice(0, quoted);
  }
  for (const [, key, value, word] of rest.matchAll(/([A-Z][A-Za-z]*)=("[^"]*"|\([^)]*\)|\S*)|(\S+)/g)) {
    if (word !== undefined) {
      if (IP_FLAGS.has(word)) record.set("ip.flags", word);
      else if (TCP_FLAGS.has(word)) flags.push(word);
      continue;
    }
    record.set(NETFILTER_NAMES.get(key!) ?? `netfilter.${key!.toLowerCase()}`, value!.replace(/^["(]|[")]$/g, ""));
    const addresses = key === "MAC" ? MAC.exec(value!) : null;
    if (addresses) record.setAll({ "server.mac": addresses[1], "client.mac": addresses[2], "netfilter.ethertype": addresses[3] });
  }
  if (flags.length > 0) record.set("tcp.flags", flags.join(" "));
};

const UFW = String.raw`(?<prefix>.{0,160}?)(?<packet>(?:DESCR="[^"]*"? )?IN=\S* .*)`;

export const netfilter: MessageReader = {
  programs: ["kernel", "ulogd"],
  words: [],
  patterns: [new RegExp(String.raw`^${UPTIME}${UFW}$`)],
  finish(record, { prefix, packet }) {
    record.attributes.delete("prefix");
    record.attributes.delete("packet");
    readPacket(record, prefix!, packet!);
    return undefined;
  },
};

/** arch/x86/mm/fault.c, arch/x86/kernel/traps.c, mm/oom_kill.c. */
export const kernel: MessageReader = {
  programs: ["kernel"],
  words: [],
  patterns: [
    new RegExp(String.raw`^${UPTIME}(?<process_executable_name>[^[\]]+)\[(?<process_pid>\d+)\]: (?<kernel_fault>segfault) at (?<fault_address>[\da-f]+) ip (?<fault_instruction__pointer>(?:0x)?[\da-f]+) sp (?<fault_stack__pointer>(?:0x)?[\da-f]+) error (?<fault_error__code>[\da-f]+)(?: in (?<fault_library>[^[]+)\[(?<fault_mapping>[^\]]+)\])?(?: likely on CPU (?<fault_cpu>\d+) \(core (?<fault_core>\d+), socket (?<fault_socket>\d+)\))?$`),
    new RegExp(String.raw`^${UPTIME}traps: (?<process_executable_name>[^[\]]+)\[(?<process_pid>\d+)\] (?<kernel_fault>.+?) ip:(?<fault_instruction__pointer>[\da-f]+) sp:(?<fault_stack__pointer>[\da-f]+) error:(?<fault_error__code>[\da-f]+)(?: in (?<fault_library>[^[]+)\[(?<fault_mapping>[^\]]+)\])?$`),
    new RegExp(String.raw`^${UPTIME}(?<reason>(?:Memory cgroup out|Out) of memory): Kill(?:ed)? process (?<process_pid>\d+) \((?<process_executable_name>[^)]*)\)(?:,? total-vm:(?<process_memory_virtual>\w+), anon-rss:(?<process_memory_anonymous>\w+), file-rss:(?<process_memory_file>\w+)(?:, shmem-rss:(?<process_memory_shared>\w+))?,? ?.*| score (?<oom_score>\d+).*)$`),
    new RegExp(String.raw`^${UPTIME}(?<process_executable_name>\S+) invoked (?<reason>oom-killer): (?<oom_arguments>.*)$`),
    new RegExp(String.raw`^${UPTIME}(?<kernel_fault>BUG|Kernel panic - not syncing|Oops|INFO): (?<reason>.*)$`),
  ],
};

/** `cpu0:263421 opID=a03)WARNING: Sched: vm 265285: 6404: text` */
export const vmkernel: MessageReader = {
  programs: ["vmkernel", "vmkwarning"],
  words: ["cpu"],
  patterns: [/^cpu(?<vmkernel_cpu>\d+):(?<vmkernel_world>\d+)(?: opID=(?<vmkernel_operation>\w+))?\)(?:(?<level>WARNING|ALERT): )?(?:(?<vmkernel_component>[A-Za-z_]\w*|<unk>): )?(?<vmkernel_text>.*)$/],
  finish: (_record, { vmkernel_text: text }) => text,
};
