import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Children } from "../tool/children.ts";
import type { SinkMessage } from "./protocol.ts";

export interface Sink {
  readonly url: string;
  /** File of the bodies, see count-bodies.ts. */
  readonly recording: string;
  readonly rows: number;
  readonly batches: number;
  readonly wireBytes: number;
  /** Resolves in the turn in which the acknowledgement of the last of so many rows became known. */
  reached(rows: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the acknowledging sink on a free port of loopback; bodies go to a file in `folder`. */
export const startSink = async (children: Children, folder: string): Promise<Sink> => {
  mkdirSync(folder, { recursive: true });
  const recording = join(folder, "bodies.bin");
  const child = children.start({ name: "sink", script: fileURLToPath(new URL("sink-process.ts", import.meta.url)), args: [recording], ipc: true });
  const totals = { rows: 0, batches: 0, wireBytes: 0 };
  const waiting: { rows: number; resolve: () => void }[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    child.process.on("message", (message: SinkMessage) => {
      if (message.kind === "listening") return resolve(message.port);
      Object.assign(totals, { rows: message.rows, batches: message.batches, wireBytes: message.wireBytes });
      for (const { rows, resolve: reached } of waiting) if (totals.rows >= rows) reached();
    });
    void child.exited.then((reason) => reject(new Error(`the sink ended: ${reason}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    recording,
    get rows() {
      return totals.rows;
    },
    get batches() {
      return totals.batches;
    },
    get wireBytes() {
      return totals.wireBytes;
    },
    reached: (rows) => new Promise((resolve) => (totals.rows >= rows ? resolve() : waiting.push({ rows, resolve }))),
    stop: () => child.stop(),
  };
};
