/** Mail and file servers that write files of their own, and packets as tcpdump prints them. */

import { SEVERITY } from "@obs/wire";
import { readFacts } from "../text/facts.ts";
import { ParsedRecord, type LineParser } from "../text/record.ts";
import { readProgram } from "./programs/index.ts";
import { patternParser } from "./pattern.ts";

const EXIM = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?) ((?:\[\d+\] )?(?:[\dA-Za-z]{6}-[\dA-Za-z]{6}(?:[\dA-Za-z]{5})?-[\dA-Za-z]{2,4} |\S+ authenticator failed |H=|SMTP |TLS error |no (?:host|MAIL|IP)|unexpected disconnection|Start queue run|End queue run|exim [\d.]+ daemon).*)$/s;

/** https://www.exim.org/exim-html-current/doc/html/spec_html/ch-log_files.html */
export const exim: LineParser = {
  name: "exim",
  description: "Exim's main and reject logs.",
  detect: (line) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.test(line) && EXIM.test(line),
  parse(line, context) {
    const found = EXIM.exec(line);
    const record = new ParsedRecord();
    if (!found || !record.readTime(context, found[1]!)) return undefined;
    record.message = found[2]!;
    readFacts(record, readProgram(record, "exim", record.message));
    return record;
  },
};

/** vsftpd.conf(5), `log_ftp_protocol` and `vsftpd_log_file`. */
export const vsftpd: LineParser = {
  name: "vsftpd",
  description: "vsftpd's own log.",
  detect: (line) => /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4} \[pid \d+\] /.test(line),
  parse(line, context) {
    const record = new ParsedRecord();
    if (!record.readTime(context, line.slice(0, 24))) return undefined;
    record.message = line.slice(25);
    readFacts(record, readProgram(record, "vsftpd", record.message));
    if (/(?:^|\s)FAIL /.test(record.message)) record.setSeverity(SEVERITY.ERROR, "FAIL");
    return record;
  },
};

/** xferlog(5): of wu-ftpd, ProFTPD, vsftpd and others. */
export const xferlog = patternParser({
  name: "xferlog",
  description: "Transfers in the form of xferlog.",
  detect: /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4} \d+ \S+ \d+ /,
  patterns: [
    /^(?<time>.{24}) (?<duration>\d+) (?<client_address>\S+) (?<ftp_size>\d+) (?<ftp_path>\S+) (?<ftp_type>[ab]) (?<ftp_action>[CUT_]) (?<ftp_direction>[oid]) (?<ftp_access>[agr]) (?<user_name>\S+) (?<ftp_service>\S+) (?<ftp_authentication>[01]) (?<user_id>\S+) (?<ftp_status>[ci])$/,
  ],
  facts: false,
  finish: (record, { ftp_path: path, ftp_direction: direction }) => {
    record.message = `${direction} ${path}`;
    return true;
  },
});

/** tcpdump(1), "OUTPUT FORMAT". */
export const tcpdump = patternParser({
  name: "tcpdump",
  description: "Packets as tcpdump prints them, IPv4 and IPv6.",
  detect: /^(?:\d{4}-\d\d-\d\d )?(?:\d\d:\d\d:\d\d\.\d{6}|\d{10}\.\d{6}) (?:\S+ +(?:In|Out|B|M|P) +)?IP6? /,
  patterns: [
    /^(?<time>(?:\d{4}-\d\d-\d\d )?[\d:.]+) (?:(?<network_interface_name>\S+) +(?<network_direction>In|Out|B|M|P) +)?(?<network_type>IP6?) (?<message>(?<source>\S+) > (?<destination>\S+): (?<rest>.*))$/s,
  ],
  facts: false,
  finish: (record, { source, destination, rest }) => {
    const { attributes } = record;
    for (const name of ["source", "destination", "rest"]) attributes.delete(name);
    for (const [role, text] of [["source", source!], ["destination", destination!]] as const) {
      const [, address, port] = /^(.*?(?:\d+\.){3}\d+|[\da-fA-F:]+|.+?)(?:\.([\w-]+))?$/.exec(text)!;
      record.setAll({ [`${role}.address`]: address, [`${role}.port`]: port });
    }
    record.set("tcp.flags", /Flags \[([^\]]*)\]/.exec(rest!)?.[1]);
    for (const [, name, value] of rest!.matchAll(/\b(seq|ack|win|length|ttl|id|mss) ([\d:]+)/g)) record.set(`tcpdump.${name}`, value);
    const options = /options \[([^\]]*)\]/.exec(rest!);
    if (options) record.set("tcp.options", options[1]);
    return true;
  },
});
