/** File transfer: ProFTPD, vsftpd, Pure-FTPd; and what HAProxy says about itself. */

import type { MessageReader } from "./message-reader.ts";

/** `host (name[address]) - USER x (Login failed): Incorrect password` */
export const proftpd: MessageReader = {
  programs: ["proftpd"],
  words: [],
  patterns: [
    /^(?:(?<server_name>[\w.-]+) )?\((?<client_name>[^[]+)\[(?<client_address>[^\]]+)\]\)(?:\[[^\]]*\])?:? - (?:USER (?<user_name>.*?)(?: \((?<reason>[^)]*)\))?: (?<ftp_event>.*)|(?<ftp_text>.*))$/,
  ],
  finish: (record, { ftp_text: text }) => {
    const user = /^(?:no such user|SECURITY VIOLATION: root login attempted|ANONYMOUS|.*?user) '([^']*)'/.exec(text ?? "");
    if (user) record.set("user.name", user[1]);
    return undefined;
  },
};

/** `[user] FAIL LOGIN: Client "192.0.2.1"`, `[user] OK UPLOAD: Client "192.0.2.1", "/file", 12 bytes, 3.4Kbyte/sec` */
export const vsftpd: MessageReader = {
  programs: ["vsftpd"],
  words: [],
  patterns: [/^(?:\[pid (?<process_pid>\d+)\] )?(?:\[(?<user_name>[^\]]*)\] )?(?<ftp_event>(?:OK|FAIL) [A-Z]+|CONNECT|FTP (?:command|response)): Client "(?<client_address>[^"]+)"(?:, "(?<ftp_path>[^"]*)")?(?:, (?<ftp_size>\d+) bytes)?(?:, (?<ftp_rate>\S+))?$/],
};

/** `(user@address) [LEVEL] text` */
export const pureFtpd: MessageReader = {
  programs: ["pure-ftpd"],
  words: [],
  patterns: [/^\((?<ftp_user>[^@)]*)@(?<client_address>[^)]+)\) \[(?<level>[A-Z]+)\] (?<ftp_event>.*?)(?: \[(?<user_name>[^\]]*)\])?$/],
};

/** Notices of HAProxy; its requests have a format of their own. */
export const haproxyNotices: MessageReader = {
  programs: ["haproxy"],
  words: [],
  patterns: [
    /^Proxy (?<haproxy_proxy>\S+) (?<haproxy_event>started|stopped)(?: \((?:cumulated conns: )?FE: (?<haproxy_connections_frontend>\d+)(?: conns)?, BE: (?<haproxy_connections_backend>\d+)(?: conns)?\))?\.$/,
    /^(?<haproxy_event>Stopping|Pausing|Enabling|Disabling) (?:frontend|backend|proxy|listener) (?<haproxy_proxy>\S+?)(?: in (?<haproxy_timeout>\d+) ms)?\.?$/,
    /^Server (?<haproxy_backend>[^\s/]+)\/(?<haproxy_server>\S+) is (?<haproxy_event>UP|DOWN|MAINT|DRAIN|going DOWN)(?: for maintenance)?(?:, reason: (?<reason>[^,]+))?(?:, code: (?<haproxy_check_code>\d+))?(?:, info: "(?<haproxy_check_info>[^"]*)")?(?:, check duration: (?<haproxy_check_duration>\d+)ms)?\. (?<haproxy_servers_active>\d+) active and (?<haproxy_servers_backup>\d+) backup servers (?:left|online)\..*$/,
    /^(?:backend|proxy) (?<haproxy_backend>\S+) has no server available!$/,
  ],
};
