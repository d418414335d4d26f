/** Application servers and others that write a layout of their own: WebLogic, WebSphere, SQL Server, CouchDB, Webmin, SSSD. */

import { SEVERITY } from "@obs/wire";
import { patternParser } from "./pattern.ts";

const WEBLOGIC_LEVELS: Readonly<Record<string, number>> = { Trace: SEVERITY.TRACE, Debug: SEVERITY.DEBUG, Info: SEVERITY.INFO, Notice: SEVERITY.INFO + 1, Warning: SEVERITY.WARN, Error: SEVERITY.ERROR, Critical: SEVERITY.FATAL, Alert: SEVERITY.FATAL + 1, Emergency: SEVERITY.FATAL + 3 };

/** Oracle, "Understanding WebLogic Logging Services": server log with `####`, standard out without most fields. */
export const weblogic = patternParser({
  name: "weblogic",
  description: "Oracle WebLogic's server log and standard out.",
  detect: /^(?:####)?<[A-Z][a-z]{2} \d\d?, \d{4}[ ,]/,
  patterns: [
    /^####<(?<time>[^>]+)> <(?<level>\w+)> <(?<logger>[^>]*)> <(?<host>[^>]*)> <(?<weblogic_server>[^>]*)> <(?<thread_name>.*?)> <(?<user_name><[^>]*>|[^>]*)> <(?<weblogic_transaction>[^>]*)> <(?<weblogic_context>[^>]*)> <(?<weblogic_time>\d*)> (?:<(?<weblogic_attributes>\[.*?\] ?)> )?<(?<weblogic_message__id>[^>]*)> <(?<message>.*?)> ?$/s,
    /^<(?<time>[^>]+)> <(?<level>\w+)> <(?<logger>[^>]*)> <(?<weblogic_message__id>[^>]*)> <(?<message>.*?)> ?$/s,
  ],
  levels: WEBLOGIC_LEVELS,
});

/** IBM, "Log and trace file formats", basic format. */
const WEBSPHERE_LEVELS: Readonly<Record<string, number>> = { F: SEVERITY.FATAL, E: SEVERITY.ERROR, W: SEVERITY.WARN, A: SEVERITY.INFO + 1, I: SEVERITY.INFO, C: SEVERITY.INFO, D: SEVERITY.INFO, O: SEVERITY.INFO, R: SEVERITY.ERROR, "1": SEVERITY.DEBUG, "2": SEVERITY.DEBUG, "3": SEVERITY.TRACE, ">": SEVERITY.TRACE, "<": SEVERITY.TRACE };

export const websphere = patternParser({
  name: "websphere",
  description: "IBM WebSphere's and Liberty's logs in the basic format.",
  detect: /^\[\d\d?\/\d\d?\/\d\d(?:\d\d)?,? [\d:]+ \w+\] [\da-f]{8} /,
  patterns: [/^\[(?<time>[^\]]+)\] (?<thread_id>[\da-f]{8}) (?:id=(?<websphere_id>\S+) )?(?<logger>\S{1,60}) +(?<level>[FEWAICDOR123<>]) +(?:(?<websphere_message__id>[A-Z]{4,5}\d{4}[EWIA]): )?(?<message>.*)$/s],
  levels: WEBSPHERE_LEVELS,
});

/** ERRORLOG of Microsoft SQL Server; severities by "Database Engine error severities". */
export const mssql = patternParser({
  name: "mssql",
  description: "Microsoft SQL Server's error log.",
  detect: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d (?:spid\d+s?|Server|Logon|Backup) /,
  patterns: [/^(?<time>\S+ \S+) (?<mssql_process>spid\d+s?|Server|Logon|Backup) +(?<message>.*)$/s],
  finish: (record, { message }) => {
    const severity = /^Error: (\d+), Severity: (\d+), State: (\d+)/.exec(message!);
    if (severity) {
      const grade = Number(severity[2]);
      record.setSeverity(grade >= 20 ? SEVERITY.FATAL : grade >= 11 ? SEVERITY.ERROR : SEVERITY.INFO, severity[2]!);
    }
    return true;
  },
});

/** sssd.conf(5), debug_level: one bit for each kind of message. */
const SSSD_LEVELS: Readonly<Record<string, number>> = { "0x0010": SEVERITY.FATAL, "0x0020": SEVERITY.FATAL, "0x0040": SEVERITY.ERROR, "0x0080": SEVERITY.WARN, "0x0100": SEVERITY.INFO, "0x0200": SEVERITY.DEBUG, "0x0400": SEVERITY.DEBUG, "0x1000": SEVERITY.TRACE, "0x2000": SEVERITY.TRACE, "0x4000": SEVERITY.TRACE };

export const sssd = patternParser({
  name: "sssd",
  description: "Logs of SSSD, the daemon for directories and logins.",
  detect: /^\(.{10,40}?\): ?\[/,
  patterns: [/^\((?<time>[^)]+)\): ?\[(?<sssd_service>[^[\]]+)(?:\[(?<sssd_domain>.*?)\])?\] \[(?<code_function_name>[^\]]+)\] \((?<level>0x[\da-f]{4,5}|\d)\): (?<message>.*)$/s],
  levels: SSSD_LEVELS,
});

/** https://docs.couchdb.org/en/stable/config/logging.html: level, time, node, process, request; a request ends with its figures. */
export const couchdb = patternParser({
  name: "couchdb",
  description: "CouchDB's log.",
  detect: /^\[(?:debug|info|notice|warning|error|critical|alert|emergency)\] \d{4}-\d\d-\d\dT[\d:.]+Z \S+@\S+ </,
  patterns: [
    /^\[(?<level>\w+)\] (?<time>\S+) (?<couchdb_node>\S+) <(?<couchdb_process>[\d.]+)> (?<couchdb_nonce>\S+) (?<message>(?<server__address>\S+) (?<client_address>\S+) (?<user_name>\S+) (?<http_request_method>[A-Z]+) (?<target>\S+) (?<status>\d{3}) (?<couchdb_result>\w+) (?<duration__ms>\d+))$/,
    /^\[(?<level>\w+)\] (?<time>\S+) (?<couchdb_node>\S+) <(?<couchdb_process>[\d.]+)> (?<couchdb_nonce>\S+) (?<message>.*)$/s,
  ],
});

/** https://webmin.com/docs/modules/webmin-actions-log: seconds since 1970, process, count, then who did what. */
export const webmin = patternParser({
  name: "webmin",
  description: "Webmin's log of actions.",
  detect: /^\d{9,10}\.\d+\.\d+ \[/,
  patterns: [/^(?<time>\d{9,10})\.(?<process_pid>\d+)\.(?<webmin_count>\d+) \[[^\]]+\] (?<message>(?<user_name>\S+) (?<session_id>\S+) (?<client_address>\S+) (?<webmin_module>\S+) (?<webmin_script>\S+) "(?<webmin_action>[^"]*)" "(?<webmin_type>[^"]*)" "(?<webmin_object>[^"]*)".*)$/],
});
