/**
 * What this host has to be read, where the configuration leaves it to the agent (`enabled: auto`):
 * everything that can be read, and nothing twice.
 *
 * - Files that syslog daemons write from the journal are left out when the journal is read.
 * - Pods' logs are left out of the usual files when the kubernetes source reads them.
 * - Containers of pods are the kubernetes source's, those that log to journald the journald source's.
 */

import { constants } from "node:fs";
import type { AgentConfig } from "./config/resolve.ts";
import { USUAL_FILES } from "./config/schema.ts";
import { isAllowed } from "./core/is-allowed.ts";
import { findJournal } from "./sources/journald/index.ts";

export interface FoundSources {
  readonly journald: boolean;
  readonly docker: boolean;
  readonly kubernetes: boolean;
  /** Globs of files that the usual ones would name, but another source reads. */
  readonly filesReadElsewhere: readonly string[];
}

/** rsyslog's and syslog-ng's files on Debian, Red Hat and SUSE: their input is the journal. */
const SYSLOG_FILES = ["syslog", "messages", "secure", "maillog", "cron", "debug"].map((name) => `/var/log/${name}`).concat("/var/log/{auth,cron,daemon,kern,lpr,mail,user}.log");
const POD_FOLDERS = ["/var/log/pods", "/var/log/containers"];

const LIST = constants.R_OK | constants.X_OK;
const CONNECT = constants.R_OK | constants.W_OK;

/** A configuration that names its files says what is to be read; the usual ones are left to the agent. */
const looksForItself = ({ files }: Pick<AgentConfig, "files">): boolean => files.length === 1 && files[0]!.include.join() === USUAL_FILES.join();

export const findSources = (config: Pick<AgentConfig, "files" | "journald" | "docker" | "kubernetes">): FoundSources => {
  const isFree = looksForItself(config);
  const decide = (enabled: boolean | "auto", find: () => boolean): boolean => (enabled === "auto" ? isFree && find() : enabled);
  const { root, socket } = config.docker;
  const journald = decide(config.journald.enabled, findJournal);
  const docker = decide(config.docker.enabled, () => isAllowed(`${root}/containers`, LIST) || isAllowed(socket, CONNECT));
  const kubernetes = decide(config.kubernetes.enabled, () => POD_FOLDERS.some((folder) => isAllowed(folder, LIST)));
  const filesReadElsewhere = isFree ? [...(journald ? SYSLOG_FILES : []), ...(kubernetes ? POD_FOLDERS.map((folder) => `${folder}/**`) : [])] : [];
  return { journald, docker, kubernetes, filesReadElsewhere };
};
