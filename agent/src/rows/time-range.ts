const NS_PER_SECOND = 1_000_000_000n;

/** Smallest and largest time added, kept as two numbers each, so that adding allocates nothing. */
export class TimeRange {
  #firstSeconds = Number.POSITIVE_INFINITY;
  #firstNanoseconds = 0;
  #lastSeconds = Number.NEGATIVE_INFINITY;
  #lastNanoseconds = 0;

  add(seconds: number, nanoseconds: number): void {
    if (seconds < this.#firstSeconds || (seconds === this.#firstSeconds && nanoseconds < this.#firstNanoseconds)) {
      this.#firstSeconds = seconds;
      this.#firstNanoseconds = nanoseconds;
    }
    if (seconds > this.#lastSeconds || (seconds === this.#lastSeconds && nanoseconds > this.#lastNanoseconds)) {
      this.#lastSeconds = seconds;
      this.#lastNanoseconds = nanoseconds;
    }
  }

  clear(): void {
    this.#firstSeconds = Number.POSITIVE_INFINITY;
    this.#lastSeconds = Number.NEGATIVE_INFINITY;
  }

  /** ns since 1970; 0n when nothing was added. */
  get firstNs(): bigint {
    return Number.isFinite(this.#firstSeconds) ? BigInt(this.#firstSeconds) * NS_PER_SECOND + BigInt(this.#firstNanoseconds) : 0n;
  }

  get lastNs(): bigint {
    return Number.isFinite(this.#lastSeconds) ? BigInt(this.#lastSeconds) * NS_PER_SECOND + BigInt(this.#lastNanoseconds) : 0n;
  }
}
