/**
 * What a start tells the person who waits for it: one line per step, with its time. On a terminal
 * the step is shown while it runs; in a file or a pipe only when it is done.
 */

export interface Progress {
  step<T>(what: string, work: () => Promise<T>): Promise<T>;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const createProgress = (stream: { isTTY?: boolean; write(text: string): unknown }): Progress => ({
  async step(what, work) {
    const started = performance.now();
    if (stream.isTTY) stream.write(`  ${what} ...`);
    const end = (mark: string): void => {
      const line = `${mark} ${what} (${seconds(performance.now() - started)})\n`;
      stream.write(stream.isTTY ? `\r\u001b[2K${line}` : line);
    };
    try {
      const result = await work();
      end("✓");
      return result;
    } catch (error) {
      end("✗");
      throw error;
    }
  },
});

export const silentProgress: Progress = { step: (_what, work) => work() };
