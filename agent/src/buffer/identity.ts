/**
 * Who this process is to the backend: agent id (64 random bits, made once per data folder), epoch
 * (32 random bits per process), and the sequence number of its batches.
 */

import { randomBytes } from "node:crypto";
import type { BatchKey } from "@obs/wire";

export const newAgentId = (): bigint => randomBytes(8).readBigUInt64BE();

export const agentIdText = (agent: bigint): string => agent.toString(16).padStart(16, "0");

export class Identity {
  #agent: bigint;
  #epoch = randomBytes(4).readUInt32BE();
  #seq = 0;

  constructor(agent: bigint) {
    this.#agent = agent;
  }

  get agentId(): string {
    return agentIdText(this.#agent);
  }

  /** What all keys of this run begin with. */
  get run(): string {
    return `${this.agentId}-${this.#epoch.toString(16).padStart(8, "0")}-`;
  }

  nextKey(): BatchKey {
    // 2^32 batches of 300 ms are 40 years; a full counter still must not repeat a key.
    if (this.#seq === 0xffffffff) this.begin(this.#agent);
    this.#seq += 1;
    return { agent: this.#agent, epoch: this.#epoch, seq: this.#seq };
  }

  /** Goes on as `agent`, in a new epoch. */
  begin(agent: bigint): void {
    this.#agent = agent;
    this.#epoch = randomBytes(4).readUInt32BE();
    this.#seq = 0;
  }
}
