/** How the lines of a group of sources are parsed: the option `parser`, as data. */

import type { CustomParser } from "./custom-parser.ts";

/** Names of the formats, in the order of detection; parsers/registry.ts has their parsers. */
export const LINE_FORMATS = [
  "docker_json", "json", "cri", "cef", "syslog_rfc5424", "envoy", "haproxy", "aws_elb", "aws_s3", "aws_vpc_flow", "cups_page", "access", "nginx_error", "apache_error", "postgresql", "mysql_error",
  "mysql_general", "mysql_slow", "mongodb", "redis", "glog", "logcat", "rails", "uwsgi", "suricata_fast", "auditd", "squid", "nagios", "strace", "dpkg", "logfmt", "w3c", "syslog", "csv", "application",
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
  /** IANA name of the zone of times without one; the process's own by default. */
  readonly timezone?: string | undefined;
}
