/** The works of the bench kit, as the agent and its peers do them. */

import type { LogKind } from "../work-data.ts";

export const WORK_NAMES = ["w1", "w2", "w3", "w4"] as const;
export type WorkName = (typeof WORK_NAMES)[number];

export interface Work {
  readonly name: WorkName;
  readonly log: LogKind;
  /** MiB of input when the user does not say. */
  readonly defaultMb: number;
  /** The buffer is in the scratch folder, which has to be on a disk; otherwise in memory where there is room. */
  readonly onDisk: boolean;
  /** Peers mask, and drop nine of ten DEBUG lines. */
  readonly masked: boolean;
  /** The agent is measured with masking off too, which is what the peers' work is. */
  readonly alsoUnmasked: boolean;
}

export const WORKS: Readonly<Record<WorkName, Work>> = {
  w1: { name: "w1", log: "app", defaultMb: 512, onDisk: false, masked: false, alsoUnmasked: true },
  w2: { name: "w2", log: "app", defaultMb: 512, onDisk: false, masked: true, alsoUnmasked: false },
  w3: { name: "w3", log: "nginx", defaultMb: 256, onDisk: false, masked: false, alsoUnmasked: false },
  w4: { name: "w4", log: "app", defaultMb: 512, onDisk: true, masked: false, alsoUnmasked: true },
};
