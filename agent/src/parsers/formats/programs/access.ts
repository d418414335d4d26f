/** Who came in, and how: OpenSSH, PAM, sudo, su, cron, systemd-logind. */

import type { MessageReader } from "./message-reader.ts";

const USER = String.raw`(?<user_name>.*?)`;
const FROM = String.raw`(?<client_address>\S+)(?: port (?<client_port>\d+))?`;
const PREAUTH = String.raw`(?: \[(?<ssh_phase>preauth|postauth)\])?`;

/** The texts of OpenSSH's auth.c, auth-pam.c, packet.c, sshd.c and monitor.c. */
export const openssh: MessageReader = {
  programs: ["sshd", "sshd-session", "sshd-auth"],
  words: ["Accepted", "Postponed", "Partial", "Invalid", "Received", "Disconnected", "Disconnecting", "Unable", "Failed"],
  patterns: [
    new RegExp(String.raw`^(?<auth_result>Accepted|Failed|Postponed|Partial) (?<auth_method>[\w/.-]+)(?: for (?:(?<ssh_user_state>invalid|illegal) user )?${USER})? from ${FROM}(?: (?<network_protocol_name>ssh[12]?))?(?:: (?<ssh_signature>.*?))?${PREAUTH}$`),
    new RegExp(String.raw`^(?:error: )?(?<ssh_user_state>Invalid|Illegal) user ${USER} from ${FROM}${PREAUTH}$`),
    new RegExp(String.raw`^(?<ssh_event>Connection (?:closed|reset)|Disconnected|Disconnecting)(?: (?:by|from))?(?: (?<ssh_user_state>authenticating|invalid) user| user)? (?:(?<user_name>\S*) )?(?<client_address>[\da-fA-F.:]+) port (?<client_port>\d+)(?:: (?<reason>.*?))?${PREAUTH}$`),
    new RegExp(String.raw`^(?<ssh_event>Received disconnect) from (?<client_address>[\da-fA-F.:]*[\da-fA-F])(?: port (?<client_port>\d+))?: ?(?<ssh_disconnect_code>\d+): ?(?<reason>.*?)${PREAUTH}$`),
    new RegExp(String.raw`^(?:error: )?(?<reason>maximum authentication attempts exceeded) for (?:(?<ssh_user_state>invalid) user )?${USER} from ${FROM}(?: (?<network_protocol_name>ssh\d))?${PREAUTH}$`),
    new RegExp(String.raw`^User ${USER} from (?<client_name>\S+) not allowed because (?<reason>.*?)${PREAUTH}$`),
    new RegExp(String.raw`^(?:fatal: )?(?<ssh_event>Unable to negotiate) with ${FROM}: (?<reason>.*?)(?:\. Their offer: (?<ssh_offer>.*?))?${PREAUTH}$`),
    new RegExp(String.raw`^(?:error: kex_exchange_identification: |banner exchange: )?(?<ssh_event>Bad protocol version identification) '(?<ssh_identification>.*)' from ${FROM}$`),
    new RegExp(String.raw`^(?<ssh_event>Did not receive identification string) from ${FROM}$`),
    new RegExp(String.raw`^(?:fatal: )?(?<ssh_event>banner exchange|Timeout before authentication)(?::)? (?:Connection from|for|for connection from) ${FROM}(?: to (?<server_address>\S+))?(?:: (?<reason>.*?))?${PREAUTH}(?:, pid = (?<process_child_pid>\d+))?$`),
    new RegExp(String.raw`^ssh_dispatch_run_fatal: Connection from (?:(?<ssh_user_state>authenticating|invalid) user )?(?:user )?(?:(?<user_name>\S+) )?(?<client_address>[\da-fA-F.:]+) port (?<client_port>\d+): (?<reason>.*?)${PREAUTH}$`),
    new RegExp(String.raw`^User ${USER} not allowed because (?<reason>.*?)${PREAUTH}$`),
    new RegExp(String.raw`^(?<ssh_event>Starting session): (?<ssh_session_type>.+?)(?: on (?<process_tty>\S+))? for ${USER} from ${FROM} id (?<ssh_channel>\d+)$`),
    new RegExp(String.raw`^(?<ssh_event>Connection) from ${FROM} on (?<server_address>\S+) port (?<server_port>\d+)(?: rdomain "(?<ssh_rdomain>[^"]*)")?$`),
    /^(?<ssh_event>Server listening) on (?<server_address>\S+) port (?<server_port>\d+)\.$/,
    /^(?<reason>reverse mapping checking getaddrinfo) for (?<client_name>\S+) \[(?<client_address>[^\]]+)\] failed.*$/,
    /^(?:error: PAM: |PAM: )?(?<reason>Authentication failure|User not known to the underlying authentication module) for (?:(?<ssh_user_state>illegal|invalid) user )?(?<user_name>.*?) from (?<client_address>\S+)$/,
  ],
};

/** pam_unix and its kin: `module(service:type): text`. */
export const pam: MessageReader = {
  programs: [],
  words: ["pam_unix", "pam_sss", "pam_systemd", "pam_ldap", "pam_winbind", "pam_krb5", "pam_tally2", "pam_faillock", "pam_succeed_if", "pam_google_authenticator"],
  patterns: [
    /^(?:PAM )?(?<pam_module>pam_\w+)\((?<pam_service>[^:)]+):(?<pam_type>\w+)\): (?<pam_event>session (?:opened|closed)) for user (?<user_name>[^\s(]+)(?:\(uid=(?<user_id>\d+)\))?(?: by (?<user_effective_name>[^\s(]*)(?:\(uid=(?<user_effective_id>\d+)\))?)?$/,
    /^(?:PAM )?(?<pam_module>pam_\w+)\((?<pam_service>[^:)]+):(?<pam_type>\w+)\): (?<reason>authentication (?:failure|success)); logname=(?<pam_logname>\S*) uid=(?<user_id>\d*) euid=(?<user_effective_id>\d*) tty=(?<process_tty>\S*) ruser=(?<pam_ruser>\S*) rhost=(?<client_address>\S*)(?:\s+user=(?<user_name>.*))?$/,
    /^(?:PAM )?(?<pam_module>pam_\w+)\((?<pam_service>[^:)]+):(?<pam_type>\w+)\): (?<reason>check pass); user (?<user_state>unknown|known)$/,
    /^(?:PAM )?(?<pam_module>pam_\w+)\((?<pam_service>[^:)]+):(?<pam_type>\w+)\): (?<reason>account \w+|password changed|unknown user|requirement "[^"]*" not met by user) (?:for )?["[]?(?<user_name>[^\]"\s]+).*$/,
  ],
};

/** sudo's logging.c: `user : [reason ;] TTY=... ; PWD=... ; USER=... ; COMMAND=...`. */
export const sudo: MessageReader = {
  programs: ["sudo"],
  words: [],
  patterns: [
    /^\s*(?<user_name>\S+) : (?:(?<reason>[^=;]+?) ; )?(?:HOST=(?<host_name>\S*) ; )?TTY=(?<process_tty>[^;]*?) ; (?:CHROOT=(?<sudo_chroot>[^;]*?) ; )?PWD=(?<process_working__directory>.*?) ; (?:USER=(?<user_target_name>[^;]*?) ; )?(?:GROUP=(?<user_target_group>[^;]*?) ; )?(?:TSID=(?<sudo_session>\w+) ; )?(?:ENV=(?<sudo_environment>.*?) ; )?COMMAND=(?<process_command__line>.*)$/,
  ],
};

/** su of util-linux and of shadow. */
export const su: MessageReader = {
  programs: ["su", "su-l"],
  words: [],
  patterns: [
    /^(?<auth_result>FAILED SU )?\(to (?<user_target_name>[^)]+)\) (?<user_name>\S+) on (?<process_tty>\S+)$/,
    // RFC 3164's own example.
    /^'su (?<user_target_name>[^']+)' (?<auth_result>failed|succeeded) for (?<user_name>\S+) on (?<process_tty>\S+)$/,
    /^(?<auth_result>Successful|FAILED) su for (?<user_target_name>\S+) by (?<user_name>\S+)$/,
    /^(?<auth_result>[+-]) (?<process_tty>\S+) (?<user_name>[^:\s]+):(?<user_target_name>\S+)$/,
  ],
};

/** polkit's pkexec, and Proxmox' services, whose users have a realm. */
export const pkexec: MessageReader = {
  programs: ["pkexec"],
  words: [],
  patterns: [/^(?<user_name>[^:\s]+): (?<reason>.*?) \[USER=(?<user_target_name>[^\]]*)\] \[TTY=(?<process_tty>[^\]]*)\] \[CWD=(?<process_working__directory>[^\]]*)\] \[COMMAND=(?<process_command__line>.*)\]$/],
};

export const proxmox: MessageReader = {
  programs: ["pvedaemon", "pveproxy", "proxmox-backup-api", "proxmox-backup-proxy", "pmgdaemon"],
  words: ["authentication", "successful"],
  patterns: [
    /^(?<auth_result>authentication failure); rhost=(?<client__address>\S*) user=(?<user_full__name>(?<user_name>\S+)@(?<user_domain>[\w.-]+)) msg=(?<reason>.*)$/,
    /^(?<auth_result>successful auth) for user '(?<user_full__name>(?<user_name>[^'\s]+)@(?<user_domain>[\w.-]+))'$/,
  ],
};

export const cron: MessageReader = {
  programs: ["cron", "CRON", "crond", "/usr/sbin/cron", "anacron", "crontab"],
  words: [],
  patterns: [/^\((?<user_name>[^)]+)\) (?<cron_event>[A-Z][A-Z ]+) \((?<process_command__line>.*)\)$/s],
};

/** systemd's own messages: what happened to which unit, and logind's sessions. */
export const systemd: MessageReader = {
  programs: ["systemd", "systemd-logind", "init"],
  words: [],
  patterns: [
    /^(?<systemd_unit>\S+\.(?:service|socket|timer|mount|scope|slice|target|path|device|swap)): (?:Main|Control|Child) process (?:\d+ )?exited, code=(?<process_exit_reason>\w+),? status=(?<process_exit_code>\d+)(?:\/(?<process_exit_name>\S+))?$/,
    /^(?<systemd_unit>\S+\.(?:service|socket|timer|mount|scope|slice|target|path|device|swap)): Failed with result '(?<systemd_result>[^']+)'\.$/,
    /^(?<systemd_unit>\S+\.(?:service|socket|timer|mount|scope|slice|target|path|device|swap)): Consumed (?<systemd_cpu_time>.+?) CPU time(?:, .*)?\.$/,
    /^(?<systemd_unit>\S+\.(?:service|socket|timer|mount|scope|slice|target|path|device|swap)): Scheduled restart job, restart counter is at (?<systemd_restarts>\d+)\.$/,
    /^(?<systemd_event>Start(?:ed|ing)|Stopp(?:ed|ing)|Reload(?:ed|ing)|Finished|Failed to start|Mount(?:ed|ing)|Unmount(?:ed|ing)|Created slice|Removed slice|Reached target|Listening on|Closed) (?:(?<systemd_unit>\S+\.(?:service|socket|timer|mount|scope|slice|target|path|device|swap)) - )?(?<systemd_description>.+?)\.{1,3}$/,
    /^(?<systemd_event>New session) '?(?<session_id>[\w-]+)'? of user '?(?<user_name>[^'\s.]+)'?(?: with class '(?<session_class>\w+)' and type '(?<session_type>\w+)')?\.$/,
    /^Session (?<session_id>\S+) (?<systemd_event>logged out|killed)\. Waiting for processes to exit\.$/,
    /^(?<systemd_event>Removed session) (?<session_id>\S+?)\.$/,
  ],
};
