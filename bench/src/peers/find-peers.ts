import { findFluentBit } from "./fluent-bit.ts";
import type { Peer } from "./peer.ts";
import { findRsyslog } from "./rsyslog.ts";
import { findSyslogNg } from "./syslog-ng.ts";

const FINDERS = { "fluent-bit": findFluentBit, rsyslog: findRsyslog, "syslog-ng": findSyslogNg } as const;

export const PEER_NAMES = Object.keys(FINDERS) as readonly (keyof typeof FINDERS)[];

/** Those that are installed here. Throws when one is asked for by name that is not. */
export const findPeers = (wanted: string): Peer[] => {
  const names = PEER_NAMES.filter((name) => wanted === "all" || wanted === name);
  const peers = names.map((name) => FINDERS[name]()).filter((peer) => peer !== undefined);
  if (peers.length === 0 && wanted !== "all" && wanted !== "none") throw new Error(`${wanted} is not installed on this machine`);
  return peers;
};
