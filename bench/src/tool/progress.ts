/** Progress on stderr: one rewritten line on a terminal, a line every few seconds elsewhere. */

const PLAIN_INTERVAL_MS = 5000;

export class Progress {
  readonly #name: string;
  readonly #terminal = process.stderr.isTTY === true;
  #shown = false;
  #lastPlainMs = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** The present state; replaces the one before. Cheap enough to be called often. */
  update(text: string): void {
    if (this.#terminal) {
      process.stderr.write(`\r\x1b[K${this.#name}: ${text}`.slice(0, process.stderr.columns + 4));
      this.#shown = true;
    } else if (Date.now() - this.#lastPlainMs >= PLAIN_INTERVAL_MS) {
      this.#lastPlainMs = Date.now();
      process.stderr.write(`${this.#name}: ${text}\n`);
    }
  }

  /** A line that stays. */
  note(text: string): void {
    this.clear();
    process.stderr.write(`${this.#name}: ${text}\n`);
  }

  clear(): void {
    if (this.#shown) process.stderr.write("\r\x1b[K");
    this.#shown = false;
  }
}
