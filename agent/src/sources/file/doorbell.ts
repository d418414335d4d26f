import type { Clock } from "../../core/clock.ts";

/** A wait that can be ended early; a ring while nobody waits ends the next wait at once. */
export class Doorbell {
  #rung = false;
  #answer: () => void = () => {};

  ring(): void {
    this.#rung = true;
    this.#answer();
  }

  async wait(clock: Clock, ms: number): Promise<void> {
    if (!this.#rung && ms > 0) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(ms, resolve);
        this.#answer = () => (cancel(), resolve());
      });
      this.#answer = () => {};
    }
    this.#rung = false;
  }
}
