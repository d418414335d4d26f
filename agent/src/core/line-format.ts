/** How the lines of a group of sources are parsed: the option `parser`, as data. */

import type { CustomParser } from "./custom-parser.ts";
import type { CustomTransform } from "./custom-transform.ts";

/** Names of the formats, in the order of detection; parsers/registry.ts has their parsers. */
export const LINE_FORMATS = [
  "docker_json", "json", "cri", "compose", "cef", "leef", "syslog_rfc5424", "envoy", "haproxy", "aws_elb", "aws_nlb", "aws_s3", "aws_vpc_flow", "cups_page", "nginx_proxy_manager", "access", "nginx_error", "apache_error", "postgresql_csv",
  "postgresql", "mysql_error", "mysql_general", "mysql_slow", "mssql", "mongodb", "redis", "clickhouse", "glog", "cockroach", "logcat", "rails", "uwsgi", "suricata_fast", "tcpdump", "auditd", "squid", "nagios", "strace", "dpkg",
  "exim", "vsftpd", "xferlog", "weblogic", "websphere", "couchdb", "webmin", "sssd", "windows_event", "macos", "java_util", "filterlog", "logfmt", "zeek", "w3c", "syslog", "csv", "application",
  "apache_common", "apache_combined", "klog",
] as const; // prettier-ignore

export const PARSER_TYPES = ["auto", "regex", "grok", "custom", ...LINE_FORMATS] as const;

export interface LineFormat {
  /** `auto` detects the format of each stream. */
  readonly type: (typeof PARSER_TYPES)[number];
  /** Of `regex` and `grok`. */
  readonly pattern?: string | undefined;
  /** The user's own definitions for `grok`. */
  readonly definitions?: Readonly<Record<string, string>> | undefined;
  /** Of `custom`: a module of the user's. */
  readonly file?: string | undefined;
  /** That module, once it is loaded. */
  readonly custom?: CustomParser | undefined;
  /** Modules of the user's that change or drop what was parsed. */
  readonly transforms?: readonly CustomTransform[] | undefined;
  /** IANA name of the zone of times without one; the process's own by default. */
  readonly timezone?: string | undefined;
}
