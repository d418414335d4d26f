/** How many batches and rows wait for one output, and whether its ledger agrees. */

import { STREAM_NAMES, type Stream } from "@obs/wire";
import { bookInto, conservationGap, type SignalLedger } from "../core/conservation.ts";
import type { Log } from "../core/log.ts";
import type { Entry } from "./entry.ts";

type Counted = Pick<Entry, "stream" | "rows">;

export class WaitingRows {
  readonly #rows = Object.fromEntries(STREAM_NAMES.map((stream) => [stream, 0])) as Record<Stream, number>;
  batches = 0;

  get rows(): Readonly<Record<Stream, number>> {
    return { ...this.#rows };
  }

  comes({ stream, rows }: Counted): void {
    this.batches += 1;
    this.#rows[stream] += rows;
  }

  goes({ stream, rows }: Counted): void {
    this.batches -= 1;
    this.#rows[stream] -= rows;
  }

  /**
   * Says which rows came or went without trace, by damage of the buffer. Returns what books them, so that
   * the law of conservation holds again; undefined when it does.
   */
  repair(signals: Readonly<Record<Stream, SignalLedger>>, log: Log): ((signals: Record<Stream, SignalLedger>) => void) | undefined {
    const gaps = STREAM_NAMES.map((stream) => ({ stream, gap: conservationGap(signals[stream], this.#rows[stream]) })).filter(({ gap }) => gap !== 0);
    if (gaps.length === 0) return undefined;
    for (const { stream, gap } of gaps)
      log.error(gap > 0 ? "the buffer was damaged: rows are missing" : "the buffer was damaged: rows that were settled are there again and will be sent as repeats", { stream, rows: Math.abs(gap) });
    return (booked) => {
      for (const { stream, gap } of gaps) {
        if (gap > 0) bookInto(booked[stream].dropped, "damaged", gap);
        else booked[stream].records -= gap;
      }
    };
  }
}
