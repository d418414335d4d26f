/**
 * All formats, most particular first: the first that takes a line has it. `application` takes any
 * line and stands last. Adding a format is adding it here; the contract suite runs over all of them.
 */

import { access, apacheCombined, apacheCommon, nginxProxyManager } from "./formats/access.ts";
import { application } from "./formats/application.ts";
import { awsElb, awsNlb, awsS3, awsVpcFlow } from "./formats/aws.ts";
import { clickhouse, mongodb, mysqlError, mysqlGeneral, mysqlSlow, postgresql, redis } from "./formats/databases.ts";
import { cockroach, glog, klog, logcat } from "./formats/glog.ts";
import { createDocker, json } from "./formats/json.ts";
import { createCompose, createCri, cupsPage, dpkg, nagios, rails, strace, suricataFast, uwsgi } from "./formats/others.ts";
import { auditd, cef, leef, logfmt } from "./formats/pairs.ts";
import { postgresqlCsv } from "./formats/postgresql-csv.ts";
import { envoy, haproxy, squid } from "./formats/proxies.ts";
import { couchdb, mssql, sssd, weblogic, webmin, websphere } from "./formats/servers.ts";
import { createSyslogParsers } from "./formats/syslog.ts";
import { filterlog, javaUtil, macos, windowsEvent } from "./formats/systems.ts";
import { csv, w3c, zeek } from "./formats/tables.ts";
import { exim, tcpdump, vsftpd, xferlog } from "./formats/transfers.ts";
import { apacheError, nginxError } from "./formats/web-errors.ts";
import type { LineParser } from "./text/record.ts";

/** What an envelope (syslog, container runtimes) may carry. */
const INNER: readonly LineParser[] = [json, cef, leef, haproxy, envoy, awsElb, access, nginxError, apacheError, postgresql, mysqlError, mongodb, redis, glog, rails, uwsgi, suricataFast, auditd, squid, windowsEvent, filterlog, clickhouse, cockroach, logfmt, csv];

const [rfc5424, syslog] = createSyslogParsers(INNER);

/** In the order of detection. */
export const PARSERS: readonly LineParser[] = [
  createDocker(INNER), json, createCri(INNER), createCompose(INNER), cef, leef, rfc5424, envoy, haproxy, awsElb, awsNlb, awsS3, awsVpcFlow, cupsPage, nginxProxyManager, access, nginxError, apacheError, postgresqlCsv, postgresql, mysqlError,
  mysqlGeneral, mysqlSlow, mssql, mongodb, redis, clickhouse, glog, cockroach, logcat, rails, uwsgi, suricataFast, tcpdump, auditd, squid, nagios, strace, dpkg, exim, vsftpd, xferlog, weblogic, websphere, couchdb, webmin, sssd, windowsEvent, macos, javaUtil, filterlog, logfmt, zeek,
  w3c, syslog, csv, application,
]; // prettier-ignore

/** Stricter forms, for those who name them; never detected. */
const BY_NAME_ONLY: readonly LineParser[] = [apacheCommon, apacheCombined, klog];

export const PARSERS_BY_NAME: ReadonlyMap<string, LineParser> = new Map([...PARSERS, ...BY_NAME_ONLY].map((parser) => [parser.name, parser]));

/** The format of lines that no other has. */
export const FALLBACK = application;
