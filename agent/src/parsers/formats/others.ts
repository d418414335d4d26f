/** Formats of single programs that one pattern describes, and the CRI's envelope. */

import { SEVERITY } from "@obs/wire";
import { severityOfText } from "../text/level.ts";
import { ParsedRecord, type LineParser } from "../text/record.ts";
import { readInner } from "./inner.ts";
import { patternParser } from "./pattern.ts";

/** https://assets.nagios.com/downloads/nagioscore/docs: `[epoch] TYPE: a;b;c`. */
const NAGIOS_STATES: Readonly<Record<string, number>> = { OK: SEVERITY.INFO, UP: SEVERITY.INFO, RECOVERY: SEVERITY.INFO, WARNING: SEVERITY.WARN, UNKNOWN: SEVERITY.WARN, UNREACHABLE: SEVERITY.ERROR, CRITICAL: SEVERITY.ERROR, DOWN: SEVERITY.ERROR };

export const nagios = patternParser({
  name: "nagios",
  description: "Nagios' and Icinga's log.",
  detect: /^\[\d{10}\] [A-Z]/,
  patterns: [/^\[(?<time>\d{10})\] (?<nagios_type>[A-Z][A-Za-z _]{2,48}): (?<message>.*)$/s, /^\[(?<time>\d{10})\] (?<message>.*)$/s],
  facts: false,
  finish: (record, { message, nagios_type: type }) => {
    const parts = message!.split(";");
    if (type === undefined || parts.length === 1) return true;
    for (const part of parts) record.set("nagios.field", part);
    const state = parts.find((part) => NAGIOS_STATES[part] !== undefined);
    if (state !== undefined) record.setSeverity(NAGIOS_STATES[state]!, state);
    record.message = parts.at(-1)!;
    return true;
  },
});

/** Ruby's Logger, `I, [time #pid]  INFO -- program: message`, and the lines that Rails logs a request with. */
export const rails = patternParser({
  name: "rails",
  description: "Ruby's Logger, and Rails' own lines about requests.",
  detect: /^[DIWEFA], \[|^Started [A-Z]+ "/,
  patterns: [
    /^[DIWEFA], \[(?<time>[\dT:.-]+) #(?<process_pid>\d+)\] +(?<level>[A-Z]+) -- (?<logger>[^:]*): (?:\[(?<http_request_id>[\da-f-]{36})\] )?(?<message>.*)$/s,
    /^(?<message>Started (?<http_request_method>[A-Z]+) "(?<target>[^"]*)" for (?<client_address>\S+) at (?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}))$/s,
  ],
  levels: { ANY: SEVERITY.INFO },
  finish: (record) => {
    if (record.attributes.get("logger") === "") record.attributes.delete("logger");
    return true;
  },
});

/** https://uwsgi-docs.readthedocs.io/en/latest/LogFormat.html */
export const uwsgi = patternParser({
  name: "uwsgi",
  description: "uWSGI's request log.",
  detect: /^\[pid: \d+\|app: /,
  patterns: [
    /^\[pid: (?<process_pid>\d+)\|app: (?<uwsgi_app>-?\d+)\|req: (?<uwsgi_request>-?\d+)\/(?<uwsgi_requests>\d+)\] (?<client__address>\S+) \((?<user_name>[^)]*)\) \{(?<uwsgi_variables>\d+) vars in (?<uwsgi_variables_size>\d+) bytes\} \[(?<time>[^\]]+)\] (?<message>(?<http_request_method>\S+) (?<target>\S+)) => generated (?<http_response_body_size>\d+) bytes in (?<duration>\d+ \w+) \((?<network_protocol_version>\S+) (?<status>\d+)\) (?<uwsgi_headers>\d+) headers in (?<uwsgi_headers_size>\d+) bytes \((?<uwsgi_switches>\d+) switches on core (?<uwsgi_core>\d+)\)$/,
  ],
  names: { duration: "http.server.request.duration" },
  facts: false,
});

/** https://docs.suricata.io/en/latest/output: fast.log; Snort's alert_fast has the same form. */
export const suricataFast = patternParser({
  name: "suricata_fast",
  description: "Alerts of Suricata's fast.log and Snort's alert_fast.",
  detect: /^[\d/]+-[\d:.]+ +\[\*\*\] /,
  patterns: [
    /^(?<time>[\d/]+-[\d:.]+) +\[\*\*\] \[(?<rule_generator>\d+):(?<rule_id>\d+):(?<rule_version>\d+)\] (?<message>.*?) \[\*\*\] (?:\[Classification: (?<rule_category>[^\]]*)\] )?\[Priority: (?<priority>\d+)\] \{(?<network_transport>\w+)\} (?<source__address>\S+) -> (?<destination__address>\S+)$/,
  ],
  facts: false,
  finish: (record, { priority }) => {
    record.setSeverity(severityOfText(priority === "1" ? "error" : priority === "2" ? "warning" : "info"), priority!);
    return true;
  },
});

/** systrace of calls: `[pid] time call(arguments) = result <duration>`. */
export const strace = patternParser({
  name: "strace",
  description: "strace's output with times.",
  detect: /^(?:\[pid +\d+\] |\d+ +)?(?:\d{10}\.\d{6}|\d\d:\d\d:\d\d(?:\.\d+)?) (?:\w+\(|<\.\.\. |--- |\+\+\+ )/,
  patterns: [
    /^(?:\[pid +(?<process_pid>\d+)\] |(?<pid>\d+) +)?(?<time>\d{10}\.\d{6}|\d\d:\d\d:\d\d(?:\.\d+)?) (?<message>(?:(?<strace_call>\w+)\(|<\.\.\. (?<strace_resumed>\w+) resumed>)(?<strace_arguments>.*?)\)? *= (?<strace_result>-?\w+|\?)(?: (?<error_type>E[A-Z_]+) \((?<error_message>[^)]*)\))?(?: \([^)]*\))?(?: <(?<duration>[\d.]+)>)?)$/s,
    /^(?:\[pid +(?<process_pid>\d+)\] |(?<pid>\d+) +)?(?<time>\d{10}\.\d{6}|\d\d:\d\d:\d\d(?:\.\d+)?) (?<message>--- (?<strace_signal>SIG\w+) (?<strace_signal_info>.*) ---|\+\+\+ .* \+\+\+)$/s,
    /^(?:\[pid +(?<process_pid>\d+)\] |(?<pid>\d+) +)?(?<time>\d{10}\.\d{6}|\d\d:\d\d:\d\d(?:\.\d+)?) (?<message>(?<strace_call>\w+)\((?<strace_arguments>.*))$/s,
  ],
  names: { pid: "process.pid" },
  facts: false,
});

/** dpkg's log: `time action ...`. */
export const dpkg = patternParser({
  name: "dpkg",
  description: "dpkg's log.",
  detect: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?:startup|status|install|upgrade|remove|purge|configure|trigproc|conffile|disappear) /,
  patterns: [
    /^(?<time>\S+ \S+) (?<message>(?<package_action>status) (?<package_status>\S+) (?<package_name>\S+) (?<package_version>\S+))$/,
    /^(?<time>\S+ \S+) (?<message>(?<package_action>startup) (?<package_archive>\S+) (?<package_command>.*))$/,
    /^(?<time>\S+ \S+) (?<message>(?<package_action>\w+) (?<package_name>\S+) (?<package_version>\S+)(?: (?<package_target__version>\S+))?)$/,
  ],
  facts: false,
});

/** CUPS' page_log: `printer user job [time] page copies billing host ...`. */
export const cupsPage = patternParser({
  name: "cups_page",
  description: "CUPS' page log.",
  detect: /^\S+ \S+ \d+ \[\d\d\/[A-Z][a-z]{2}\/\d{4}:[^\]]+\] (?:\d+|total) \d+ /,
  patterns: [
    /^(?<printer_name>\S+) (?<user_name>\S+) (?<printer_job_id>\d+) \[(?<time>[^\]]+)\] (?<message>(?<printer_page>\d+|total) (?<printer_copies>\d+) (?<printer_job_billing>\S+) (?<client_address>\S+)(?: (?<printer_job_name>.*?) (?<printer_media>\S+) (?<printer_sides>\S+))?)$/,
  ],
  facts: false,
});

/** https://kubernetes.io/docs/concepts/cluster-administration/logging: `time stream P|F message`. */
export const createCri = (inner: readonly LineParser[]): LineParser => ({
  name: "cri",
  description: "Container logs as containerd and CRI-O write them; the line within is parsed as well.",
  detect: (line) => /^\d{4}-\d\d-\d\dT\S+ (?:stdout|stderr) [FP](?:\s|$)/.test(line),
  parse(line, context) {
    const found = /^(\S+) (stdout|stderr) ([FP]) ?(.*)$/s.exec(line);
    if (!found) return undefined;
    const record = new ParsedRecord();
    if (!record.readTime(context, found[1]!)) return undefined;
    record.setAll({ "log.iostream": found[2], "cri.tag": found[3] });
    readInner(record, found[4]!, context, inner);
    return record;
  },
});

/** Names of compose's containers end with the number of the replica. */
const COMPOSED = /^([A-Za-z\d][\w.-]{0,127}[-_]\d{1,4}) +\| (?=\S)/;

/** `docker compose logs`: the container's name, a bar, and the line that the container wrote. */
export const createCompose = (inner: readonly LineParser[]): LineParser => ({
  name: "compose",
  description: "Output of `docker compose`: the line behind the container's name is parsed as well.",
  detect: (line) => COMPOSED.test(line),
  parse(line, context) {
    const found = COMPOSED.exec(line);
    if (!found) return undefined;
    const record = new ParsedRecord();
    record.service = found[1]!.replace(/[-_]\d+$/, "");
    record.set("container.name", found[1]);
    readInner(record, line.slice(found[0].length), context, inner);
    return record;
  },
});
