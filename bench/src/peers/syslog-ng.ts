/**
 * syslog-ng: a file source, json-parser or regexp-parser, HTTP in batches of 5,000 lines. w4 has its
 * reliable disk buffer. Its settings are those that the bench kit found best for it.
 */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, versionOf } from "./find-program.ts";
import type { Peer, PeerTask } from "./peer.ts";

/** Where .ci/run unpacks it: Debian lets only one syslog daemon be installed. */
const UNPACKED = "/opt/syslog-ng";

const ACCESS_PATTERN = String.raw`^(?<remote>[^ ]*) (?<host>[^ ]*) (?<user>[^ ]*) \[(?<time>[^\]]*)\] "(?<method>\S+)(?: +(?<path>[^\"]*?)(?: +\S*)?)?" (?<code>[^ ]*) (?<size>[^ ]*)(?: "(?<referer>[^\"]*)" "(?<agent>[^\"]*)")?$`;

/** It draws no random numbers: of the DEBUG lines those with certain ends of their trace id stay, 10.2 %. */
const MASKING = String.raw`
filter fd { not match("^DEBUG$" value("j.level")) or match("(0[0-9a-f]|1[0-9])$" value("j.trace_id")); };
rewrite rm {
  subst('[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]+', "[EMAIL]", value("j.message") type(pcre) flags(global));
  subst('\b\d{3}-\d{2}-\d{4}\b', "[SSN]", value("j.message") type(pcre) flags(global));
  subst('\b\d{4}-?\d{4}-?\d{4}-?\d{4}\b', "[CARD]", value("j.message") type(pcre) flags(global));
  subst('sk_live_[A-Za-z0-9]+', "[KEY]", value("j.message") type(pcre) flags(global));
};`;

const diskBuffer = (folder: string): string => {
  mkdirSync(folder);
  return ` disk-buffer(reliable(yes) disk-buf-size(2147483648) mem-buf-size(67108864) mem-buf-length(50000) qout-size(1000) dir("${folder}"))`;
};

const configuration = (version: string, { work, inputs, folder, httpPort }: PeerTask): string => `@version: ${version}
options { threaded(yes); stats-freq(0); log-msg-size(65536); keep-hostname(yes); use-dns(no); time-reopen(1); };
source s { ${inputs.map((path) => `file("${path}" flags(no-parse) follow-freq(1) log-fetch-limit(1000) log-iw-size(100000));`).join(" ")} };
parser pj { json-parser(prefix("j.")); };
parser pn { regexp-parser(prefix("j.") patterns('${ACCESS_PATTERN}')); };
${work.masked ? MASKING : ""}
destination d { http(url("http://127.0.0.1:${httpPort}/ingest") method("POST") body("$(format-json --scope none --key j.* --rekey j.* --shift-levels 1)\\n") delimiter("") batch-lines(5000) batch-bytes(1048576) batch-timeout(1000) workers(1) timeout(20) retries(1000000) time-reopen(1) persist-name("d")${work.onDisk ? diskBuffer(join(folder, "disk-buffer")) : ""}); };
log { source(s); parser(${work.log === "nginx" ? "pn" : "pj"}); ${work.masked ? "filter(fd); rewrite(rm);" : ""} destination(d); flags(flow-control); };
`;

/** Modules are in a folder of the version's name: `3.38` of 3.38.1. */
const modulesIn = (root: string): { folder: string; version: string } | undefined => {
  const base = join(root, "usr/lib/syslog-ng");
  const version = existsSync(base) ? readdirSync(base).find((name) => /^\d+\.\d+$/.test(name)) : undefined;
  return version === undefined ? undefined : { folder: join(base, version), version };
};

export const findSyslogNg = (): Peer | undefined => {
  const program = findProgram("syslog-ng", join(UNPACKED, "usr/sbin/syslog-ng"));
  if (!program) return undefined;
  const root = program.startsWith(UNPACKED) ? UNPACKED : "/";
  const libraries = ["usr/lib/syslog-ng", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"].map((folder) => join(root, folder));
  const env: Record<string, string> = root === "/" ? {} : { LD_LIBRARY_PATH: libraries.join(":") };
  return {
    name: "syslog-ng",
    version: versionOf(program, "--version", env),
    prepare: (task) => {
      const modules = modulesIn(root);
      const missing = modules ? ["libhttp.so", "libjson-plugin.so"].filter((name) => !existsSync(join(modules.folder, name))) : ["the module folder"];
      if (!modules || missing.length > 0) throw new Error(`syslog-ng lacks ${missing.join(", ")}: add Debian's syslog-ng-mod-http to it`);
      const path = (name: string): string => join(task.folder, name);
      writeFileSync(path("syslog-ng.conf"), configuration(modules.version, task));
      const state = ["-R", path("persist"), "-p", path("pid"), "-c", path("ctl")];
      return { program, args: ["-F", "--no-caps", `--module-path=${modules.folder}`, "-f", path("syslog-ng.conf"), ...state], env };
    },
  };
};
