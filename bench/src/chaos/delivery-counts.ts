/**
 * What the backend's delivery did, summed over its lives: its counters begin anew with every
 * restart, so they are read often and the last reading of a life is added up.
 */

export interface DeliveryTotals {
  readonly partialRepaired: number;
  readonly fenced: number;
}

const POLL_MS = 200;
const NONE: DeliveryTotals = { partialRepaired: 0, fenced: 0 };

/** Events of the metric `obs_delivery_total` in Prometheus text. */
export const deliveryTotalsIn = (text: string): DeliveryTotals => {
  const of = (event: string): number => Number(new RegExp(`^obs_delivery_total\\{event="${event}"\\} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
  return { partialRepaired: of("partial_repaired"), fenced: of("fenced") };
};

export class DeliveryCounts {
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  #ended = NONE;
  #life = NONE;
  /** A reading that was under way when a life ended belongs to that life and must not count in the next. */
  #lives = 0;

  constructor(url: string) {
    this.#url = url;
    this.#timer = setInterval(() => void this.#read(), POLL_MS);
  }

  /** The backend is about to be killed. */
  endOfLife(): void {
    this.#ended = this.totals();
    this.#life = NONE;
    this.#lives++;
  }

  totals(): DeliveryTotals {
    return {
      partialRepaired: this.#ended.partialRepaired + this.#life.partialRepaired,
      fenced: this.#ended.fenced + this.#life.fenced,
    };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Reads once more, then gives the totals. */
  async finalTotals(): Promise<DeliveryTotals> {
    await this.#read();
    return this.totals();
  }

  async #read(): Promise<void> {
    const life = this.#lives;
    try {
      const response = await fetch(`${this.#url}/metrics`, { signal: AbortSignal.timeout(2000) });
      const text = await response.text();
      if (response.ok && life === this.#lives) this.#life = deliveryTotalsIn(text);
    } catch {
      // Between two lives there is nothing to read.
    }
  }
}
