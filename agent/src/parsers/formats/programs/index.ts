/** Which program's messages are known; siblings are listed here and nowhere else. */

import { takeGroups } from "../pattern.ts";
import type { ParsedRecord } from "../../text/record.ts";
import { cron, openssh, pam, pkexec, proxmox, su, sudo, systemd } from "./access.ts";
import { kernel, netfilter, vmkernel } from "./kernel.ts";
import { amavis, dovecot, exim, postfix } from "./mail.ts";
import type { MessageReader } from "./message-reader.ts";
import { bind, dhcpd, dnsmasq, unbound } from "./names.ts";
import { drupal, lambda, php, rails } from "./runtimes.ts";
import { cisco, intrusion, lfd, modsecurity, pf, routeros, selinux } from "./security.ts";
import { haproxyNotices, proftpd, pureFtpd, vsftpd } from "./transfer.ts";

const READERS: readonly MessageReader[] = [openssh, pam, sudo, su, cron, systemd, pkexec, proxmox, postfix, amavis, dovecot, exim, bind, unbound, dnsmasq, dhcpd, netfilter, kernel, vmkernel, proftpd, vsftpd, pureFtpd, haproxyNotices, modsecurity, intrusion, pf, routeros, lfd, cisco, selinux, php, drupal, rails, lambda];

const collect = (names: (reader: MessageReader) => readonly string[]): ReadonlyMap<string, readonly MessageReader[]> => {
  const found = new Map<string, MessageReader[]>();
  for (const reader of READERS) for (const name of names(reader)) found.set(name, [...(found.get(name) ?? []), reader]);
  return found;
};
const BY_PROGRAM = collect(({ programs }) => programs);
const BY_WORD = collect(({ words }) => words);
const FIRST_WORD = /^(?:cpu(?=\d)|[\w-]{2,24}|%(?=[A-Z]))/;
/** What netfilter logs, whoever passes it on. */
const PACKET = /(?:^|[\s\]])IN=\S* .*SRC=\S+ DST=/;
/** Longer messages are none of these. */
const MAX_LENGTH = 4096;

/**
 * Reads a message of a known program into the record: all of `programs` first, then those whose
 * messages begin like this one. Returns the text that may hold more named values: the message itself
 * when it is of no known form.
 */
export const readProgram = (record: ParsedRecord, program: string, message: string): string => {
  if (message.length > MAX_LENGTH) return message;
  const slash = program.indexOf("/");
  const own = program === "" ? undefined : BY_PROGRAM.get(slash > 0 ? program.slice(0, slash) : program);
  for (const reader of own ?? []) {
    const taken = take(record, reader, message);
    if (taken !== undefined) return taken;
  }
  if (message.includes("IN=") && PACKET.test(message)) {
    const taken = take(record, netfilter, message);
    if (taken !== undefined) return taken;
  }
  const word = FIRST_WORD.exec(message)?.[0];
  for (const reader of (word === undefined ? undefined : BY_WORD.get(word)) ?? []) {
    const taken = take(record, reader, message);
    if (taken !== undefined) return taken;
  }
  return message;
};

/** undefined when none of its patterns fits. */
const take = (record: ParsedRecord, { patterns, finish }: MessageReader, message: string): string | undefined => {
  for (const pattern of patterns) {
    const groups = pattern.exec(message)?.groups;
    if (!groups) continue;
    takeGroups(record, groups);
    return finish?.(record, groups, message) ?? "";
  }
  return undefined;
};
