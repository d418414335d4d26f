/** A parsed message as a record: OpenTelemetry's severity, the rest as `syslog.*`. */

import type { IncomingLog } from "../../core/contracts.ts";
import { SYSLOG_FACILITIES, type SyslogMessage } from "../../parsers/syslog.ts";
import { hostOfPeer, plainAddress } from "../peer.ts";

export interface Receipt {
  /** Address of the sender. */
  readonly peer: string;
  /** Name of this host. */
  readonly host: string;
  /** As configured. */
  readonly service: string | undefined;
}

const FALLBACK_SERVICE = "syslog";

export const toRecord = ({ facility, severity, timestamp, host, appName, procId, msgId, structuredData, message }: SyslogMessage, receipt: Receipt): IncomingLog => {
  const peer = plainAddress(receipt.peer);
  const attributes: Record<string, string> = {};
  if (facility !== undefined) attributes["syslog.facility"] = SYSLOG_FACILITIES[facility]!;
  if (receipt.service !== undefined && appName !== "") attributes["syslog.appname"] = appName;
  if (procId !== "") attributes["syslog.procid"] = procId;
  if (msgId !== "") attributes["syslog.msgid"] = msgId;
  for (const [name, value] of Object.entries(structuredData)) attributes[`syslog.sd.${name}`] = value;
  if (peer !== "") attributes["network.peer.address"] = peer;
  return {
    message,
    severity,
    service: receipt.service ?? (appName || FALLBACK_SERVICE),
    host: host || hostOfPeer(peer, receipt.host),
    attributes,
    ...(timestamp !== undefined && { timestamp }),
  };
};
