/** Mail: Postfix, Dovecot, Exim. */

import { plainAddress } from "../../text/http.ts";
import type { ParsedRecord } from "../../text/record.ts";
import type { MessageReader } from "./message-reader.ts";

const CLIENT = String.raw`(?<client_name>[^\s[\]]+)\[(?<client_address>[^\]]+)\](?::(?<client_port>\d+))?`;
const REPLY = String.raw`(?<smtp_reply>(?<smtp_status__code>[2-5]\d\d)(?: (?<smtp_enhanced__status__code>[245]\.\d{1,3}\.\d{1,3}))?)`;
const QUEUE_ID = String.raw`(?:(?<postfix_queue__id>NOQUEUE|[\dA-F]{6,14}|[\dB-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20}): )?`;

/** `to=<a@b>, relay=host[1.2.3.4]:25, delay=0.3, status=sent (250 ok)`; values in angle brackets without these. */
const setPairs = (record: ParsedRecord, prefix: string, text: string | undefined): void => {
  for (const [, key, value] of (text ?? "").matchAll(/([\w/-]+)=(<[^>]*>|[^\s,;]*(?: \((?=[^)]*\)$))?)/g)) record.set(`${prefix}.${key}`, value!.replace(/^<|>$| \($/g, ""));
};

/** https://www.postfix.org: smtpd, smtp, cleanup, qmgr, postscreen; texts of src/smtpd/smtpd_check.c and src/postscreen. */
export const postfix: MessageReader = {
  programs: ["postfix"],
  words: ["NOQUEUE"],
  patterns: [
    new RegExp(String.raw`^${QUEUE_ID}(?<postfix_action>reject|reject_warning|warn|discard|hold|filter|redirect|milter-reject|milter-discard|bcc|info|prepend): (?<smtp_command>\w+) from (?:${CLIENT}|\[(?<address>[^\]]+)\]:(?<port>\d+)): ${REPLY}(?: (?<postfix_subject><[^>]*>):)? (?<reason>[^;]*)(?:; (?<pairs>.*))?$`),
    new RegExp(String.raw`^${QUEUE_ID}(?<postfix_event>connect|disconnect|lost connection after \S+|timeout after \S+(?: \(\d+ bytes\))?|too many errors after \S+(?: \(\d+ bytes\))?|improper command pipelining after \S+|SSL_accept error) from ${CLIENT}(?:: (?<reason>[^=]+)|(?: (?<pairs>[\w-]+=.*)))?$`),
    new RegExp(String.raw`^${QUEUE_ID}(?:warning: )?${CLIENT}: SASL (?<auth_method>[\w-]+) (?<postfix_event>authentication failed|authentication aborted)(?:: (?<reason>.*?))?(?:, sasl_username=(?<user_name>.*))?$`),
    new RegExp(String.raw`^${QUEUE_ID}client=${CLIENT}(?:, (?<pairs>.*))?$`),
    /^(?<postfix_event>PREGREET|HANGUP|COMMAND (?:COUNT|LENGTH|PIPELINING|TIME) LIMIT|BARE NEWLINE|NON-SMTP COMMAND|WHITELIST VETO|ALLOWLIST VETO)(?: (?<postfix_count>\d+))? (?:after (?<duration>[\d.]+) )?from \[(?<client_address>[^\]]+)\]:(?<client_port>\d+)(?:(?:: | in )(?<postfix_text>.*)| after (?<smtp_command>\S+)(?:: (?<postfix_data>.*))?)?$/,
    /^(?<postfix_event>CONNECT) from \[(?<client_address>[^\]]+)\]:(?<client_port>\d+) to \[(?<server_address>[^\]]+)\]:(?<server_port>\d+)$/,
    /^(?<postfix_event>PASS (?:NEW|OLD)|WHITELISTED|ALLOWLISTED|BLACKLISTED|DENYLISTED|DISCONNECT|DNSBL rank (?<postfix_rank>-?\d+) for) \[(?<client_address>[^\]]+)\](?::(?<client_port>\d+))?$/,
    /^(?:(?<postfix_queue__id>[\dA-Za-z]{6,20}): )?(?<pairs>(?:to|from|message-id|uid|resent-message-id)=<.*?)(?: \((?<postfix_response>.*)\))?$/,
    /^(?<postfix_queue__id>[\dA-Za-z]{6,20}): (?<postfix_event>removed)$/,
  ],
  finish(record, { pairs, address, port, reason, smtp_reply: reply }) {
    const { attributes } = record;
    for (const name of ["pairs", "address", "port", "smtp.reply"]) attributes.delete(name);
    if (address !== undefined) record.setAll({ "client.address": address, "client.port": port });
    if (reason !== undefined) attributes.set("reason", reason.trim());
    if (reply?.includes(" ")) record.set("smtp.reply", reply);
    setPairs(record, "postfix", pairs);
    return undefined;
  },
};

/** `(id) Passed CLEAN {actions}, ...`; what follows is read as in any text. */
export const amavis: MessageReader = {
  programs: ["amavis", "amavisd"],
  words: [],
  patterns: [/^\((?<amavis_id>[\w-]+)\) (?<amavis_action>Passed|Blocked) (?<amavis_category>[A-Z][A-Z-]*)(?: \((?<amavis_detail>[^)]*)\))?(?: \{(?<amavis_actions>[^}]*)\})?, (?<amavis_text>.*)$/],
  finish(record, { amavis_text: text }) {
    record.attributes.delete("amavis.text");
    return text;
  },
};

const DOVECOT_PROCESS = String.raw`(?:(?:Info|Error|Warning|Debug|Fatal|Panic): )?(?:(?<dovecot_process>(?<dovecot_service>imap|pop3|managesieve|submission|lmtp|lda|auth|auth-worker|master|indexer-worker|doveadm|config|stats|anvil|log|replicator|imap-urlauth)(?:-login)?): )?(?:(?:Info|Error|Warning|Debug|Fatal|Panic): )?`;

/** https://doc.dovecot.org: login processes end their line with pairs; auth says which database it asked. */
export const dovecot: MessageReader = {
  programs: ["dovecot", "imap-login", "pop3-login", "managesieve-login", "submission-login", "auth-worker"],
  words: ["imap-login", "pop3-login", "managesieve-login", "submission-login"],
  patterns: [
    new RegExp(String.raw`^${DOVECOT_PROCESS}(?<dovecot_event>[^:=]*?(?:: (?!user=)[^:=]*?)*): (?<pairs>user=<.*)$`),
    new RegExp(String.raw`^(?:(?<dovecot_process>auth|auth-worker)(?:\((?<dovecot_worker>[^)]*)\))?: )?(?:(?:Info|Error|Warning|Debug|Fatal|Panic): )?(?:conn unix:[^:]*: auth-worker<\d+>: )?(?<dovecot_backend>[\w-]+)\((?<user_name>[^,)]*),(?<client_address>[^,)]*)(?:,<?(?<dovecot_session>[^>)]*)>?)?(?:,[^)]*)?\): (?:(?<dovecot_function>\w+\(\)) failed: )?(?<reason>.*)$`),
    new RegExp(String.raw`^(?<dovecot_process>imap|pop3|managesieve|submission|lmtp|lda|doveadm|indexer-worker)\((?<user_name>[^)]*)\)(?:<(?<process_child_pid>\d+)>)?(?:<(?<dovecot_session>[^>]*)>)?: (?:(?:Info|Error|Warning|Debug): )?(?<dovecot_event>.*)$`),
  ],
  finish(record, { pairs, dovecot_event: event }) {
    const { attributes } = record;
    attributes.delete("pairs");
    if (attributes.get("client.address") === "") attributes.delete("client.address");
    for (const [, key, value] of (pairs ?? "").matchAll(/(\w+)=(<[^>]*>|[^,]*)/g)) record.set(PAIR_NAMES.get(key!) ?? `dovecot.${key}`, plainAddress(value!.replace(/^<|>$/g, "")));
    const tls = /, (TLS(?:: [^,]+| handshaking)?|secured)(?=,|$)/.exec(pairs ?? "");
    if (tls) record.set("dovecot.tls", tls[1]);
    const reason = /\(([^)]*)\)$/.exec(event ?? "");
    if (reason) record.set("reason", reason[1]);
    const counts = pairs === undefined ? (event ?? "").matchAll(/\b([a-z_]+)=(\d+)/g) : [];
    for (const [, key, value] of counts) record.set(`dovecot.${key}`, value);
    return undefined;
  },
};

const PAIR_NAMES = new Map([["user", "user.name"], ["method", "auth.method"], ["rip", "client.address"], ["rport", "client.port"], ["lip", "server.address"], ["lport", "server.port"], ["session", "dovecot.session"], ["mpid", "process.child.pid"]]);

const MESSAGE_ID = String.raw`(?:(?<exim_message__id>[\dA-Za-z]{6}-[\dA-Za-z]{6}(?:[\dA-Za-z]{5})?-[\dA-Za-z]{2,4}) )?`;
const EXIM_PEER = String.raw`(?:(?<client_name>[\w.-]+) )?(?:\((?<exim_helo>[^)]*)\) )?\[(?<client_address>[\da-fA-F.:]+)\](?::(?<client_port>\d+))?`;
const EXIM_HOST = `(?:H=)?${EXIM_PEER}`;

/** https://www.exim.org/exim-html-current/doc/html/spec_html/ch-log_files.html */
export const exim: MessageReader = {
  programs: ["exim", "exim4"],
  words: [],
  patterns: [
    new RegExp(String.raw`^(?:\[(?<process_pid>\d+)\] )?${MESSAGE_ID}(?<exim_flag><=|=>|->|>>|\*>|\*\*|==) (?<email_address>\S+)(?: <(?<exim_original__address>[^>]*)>)?(?<pairs>(?: .*)?)$`),
    new RegExp(String.raw`^(?:\[(?<process_pid>\d+)\] )?${MESSAGE_ID}(?<exim_authenticator>\w+) authenticator failed for ${EXIM_HOST}(?: I=\[(?<server_address>[^\]]+)\]:(?<server_port>\d+))?(?: U=(?<exim_ident>\S+))?: ${REPLY} (?<reason>.*?)(?: \(set_id=(?<user_name>[^)]*)\))?$`),
    new RegExp(String.raw`^(?:\[(?<process_pid>\d+)\] )?${MESSAGE_ID}(?=H=)${EXIM_HOST}(?<pairs>(?: [A-Z]\w?=\S+| CV=\w+)*)(?: F=<(?<exim_sender>[^>]*)>)?(?: A=(?<auth_method>\S+))? (?<exim_action>(?:temporarily )?rejected [\w ]+?|Warning)(?: <(?<exim_recipient>[^>]*)>)?: (?<reason>.*)$`),
    new RegExp(String.raw`^(?:\[(?<process_pid>\d+)\] )?(?<exim_event>SMTP connection|unexpected disconnection while reading SMTP command|TLS error on connection|no host name found for IP address|no MAIL in SMTP connection|SMTP protocol synchronization error|SMTP command timeout on connection)(?: \([^)]*\):?)? from ${EXIM_HOST}(?<rest>.*)$`),
    new RegExp(String.raw`^(?:\[(?<process_pid>\d+)\] )?${MESSAGE_ID}(?<exim_event>Completed)(?: QT=(?<duration>\S+))?$`),
  ],
  finish(record, { pairs, rest, reason, smtp_reply: reply }) {
    const { attributes } = record;
    for (const name of ["pairs", "rest", "smtp.reply"]) attributes.delete(name);
    if (reply?.includes(" ")) record.set("smtp.reply", reply);
    const host = HOST_AMONG_PAIRS.exec(pairs ?? "")?.groups;
    if (host) record.setAll({ "client.name": host["client_name"], "exim.helo": host["exim_helo"], "client.address": host["client_address"], "client.port": host["client_port"] });
    for (const [, key, value] of (pairs ?? "").matchAll(/ (?!H=)([A-Za-z]{1,3})=("(?:[^"\\]|\\.)*"|\S+)/g)) record.set(EXIM_NAMES.get(key!) ?? `exim.${key}`, value!.replace(/^["<]|[">]$/g, ""));
    record.set("reason", /[\])\w]: (.*)$/.exec(pairs ?? "")?.[1]);
    // A reason may name where to ask.
    return rest ?? (reason?.includes("://") ? reason : undefined);
  },
};

const HOST_AMONG_PAIRS = new RegExp(`^(?: .*?)? H=${EXIM_PEER}`);
const EXIM_NAMES = new Map([["R", "exim.router"], ["T", "exim.transport"], ["P", "network.protocol.name"], ["S", "exim.size"], ["X", "tls.cipher"], ["A", "auth.method"], ["C", "smtp.response"], ["U", "user.name"], ["id", "email.message_id"], ["DT", "duration"], ["QT", "exim.queue_time"]]);
