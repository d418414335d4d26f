import { fileURLToPath } from "node:url";
import type { Children } from "../tool/children.ts";
import type { LineCounts } from "./line-counter.ts";

export interface PeerSinkTotals extends LineCounts {
  /** As they came, compressed or not, without HTTP's heads. */
  wireBytes: number;
  requests: number;
  connections: number;
}

export type PeerSinkMessage =
  | { readonly kind: "listening"; readonly httpPort: number; readonly tcpPort: number }
  | { readonly kind: "totals"; readonly totals: PeerSinkTotals }
  /** What came could not be read. */
  | { readonly kind: "failed"; readonly reason: string };

export interface PeerSink {
  readonly httpPort: number;
  readonly tcpPort: number;
  /** A few milliseconds old. */
  readonly totals: Readonly<PeerSinkTotals>;
  readonly failure: string | undefined;
  stop(): Promise<void>;
}

/** Starts the sink for other agents on free ports of loopback. */
export const startPeerSink = async (children: Children, name: string): Promise<PeerSink> => {
  const child = children.start({ name, script: fileURLToPath(new URL("peer-sink-process.ts", import.meta.url)), ipc: true });
  const state = { totals: { lines: 0, debugLines: 0, wireBytes: 0, requests: 0, connections: 0 } as PeerSinkTotals, failure: undefined as string | undefined };
  const ports = await new Promise<{ httpPort: number; tcpPort: number }>((resolve, reject) => {
    child.process.on("message", (message: PeerSinkMessage) => {
      if (message.kind === "listening") resolve(message);
      else if (message.kind === "totals") state.totals = message.totals;
      else state.failure ??= message.reason;
    });
    void child.exited.then((reason) => reject(new Error(`the sink of peers ended: ${reason}`)));
  });
  return {
    httpPort: ports.httpPort,
    tcpPort: ports.tcpPort,
    get totals() {
      return state.totals;
    },
    get failure() {
      return state.failure;
    },
    stop: () => child.stop(),
  };
};
