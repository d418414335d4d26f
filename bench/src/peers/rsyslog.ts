/**
 * rsyslog: imfile, mmjsonparse or mmnormalize, omfwd with a compressed stream over TCP. w4 keeps its
 * action's queue on disk. Its settings are those that the bench kit found best for it.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Work } from "../measure/works.ts";
import { findProgram, versionOf } from "./find-program.ts";
import type { Peer, PeerTask } from "./peer.ts";

/** liblognorm's rule for the combined format. */
const ACCESS_RULE =
  'version=2\nrule=:%remote:word% %host:word% %user:word% [%time:char-to:]%] "%method:word% %path:word% %proto:char-to:"%" %code:number% %size:number% "%referer:char-to:"%" "%agent:char-to:"%"\n';

/** What is looked for in messages of w2, and what takes its place; the first in each message, as re_extract gives it. */
const MASKS = [
  { pattern: String.raw`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]+`, label: "[EMAIL]" },
  { pattern: "[0-9]{3}-[0-9]{2}-[0-9]{4}", label: "[SSN]" },
  { pattern: "[0-9]{4}-?[0-9]{4}-?[0-9]{4}-?[0-9]{4}", label: "[CARD]" },
  { pattern: "sk_live_[A-Za-z0-9]+", label: "[KEY]" },
];

const masking = (): string => {
  const steps = MASKS.map(
    ({ pattern, label }) => `  if re_match($.m, "${pattern}") then { set $.h = replace($.m, re_extract($.m, "${pattern}", 0, 0, ""), "${label}"); set $.m = $.h; }\n`,
  );
  return `  if $!level == "DEBUG" and random(10) != 0 then stop\n  set $.m = $!message;\n${steps.join("")}  if $.m != $!message then { unset $!message; set $!message = $.m; }\n`;
};

const parsing = (work: Work, rules: string): string =>
  work.log === "nginx" ? `  action(type="mmnormalize" rulebase="${rules}" useRawMsg="off")\n` : '  action(type="mmjsonparse" cookie="" useRawMsg="off")\n';

const diskQueue = (folder: string): string =>
  ` queue.type="Disk" queue.filename="q" queue.spoolDirectory="${folder}" queue.maxdiskspace="4g" queue.maxfilesize="64m" queue.checkpointinterval="1000" queue.saveonshutdown="on" queue.dequeuebatchsize="2048"`;

const configuration = ({ work, inputs, folder, tcpPort }: PeerTask, rules: string): string => `
global(workDirectory="${folder}" maxMessageSize="64k" preserveFQDN="off")
module(load="imfile" mode="inotify")
module(load="${work.log === "nginx" ? "mmnormalize" : "mmjsonparse"}")
main_queue(queue.type="FixedArray" queue.size="100000" queue.dequeuebatchsize="2048" queue.workerthreads="1")
template(name="out" type="list") { property(name="$!all-json") constant(value="\\n") }
ruleset(name="r") {
${parsing(work, rules)}${work.masked ? masking() : ""}  action(type="omfwd" target="127.0.0.1" port="${tcpPort}" protocol="tcp" template="out" compression.mode="stream:always" ziplevel="6" compression.stream.flushOnTXEnd="off" action.resumeRetryCount="-1" action.resumeInterval="1"${work.onDisk ? diskQueue(folder) : ""})
}
${inputs.map((path) => `input(type="imfile" file="${path}" tag="app:" ruleset="r" addMetadata="off" persistStateInterval="1000" persistStateAfterSubmission="on" freshStartTail="off")`).join("\n")}
`;

export const findRsyslog = (): Peer | undefined => {
  const program = findProgram("rsyslogd");
  if (!program) return undefined;
  return {
    name: "rsyslog",
    version: versionOf(program, "-v"),
    prepare: (task) => {
      const config = join(task.folder, "rsyslog.conf");
      const rules = join(task.folder, "access.rb");
      writeFileSync(rules, ACCESS_RULE);
      writeFileSync(config, configuration(task, rules));
      return { program, args: ["-n", "-f", config, "-i", join(task.folder, "rsyslog.pid"), "-C"] };
    },
  };
};
