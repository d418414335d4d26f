/** The server's lines of JSON as short text, for a terminal. */

import { Writable } from "node:stream";

interface LogLine {
  readonly msg?: string;
  readonly err?: { readonly message?: string };
}

const toText = (json: string): string => {
  try {
    const { msg = "", err } = JSON.parse(json) as LogLine;
    return err?.message === undefined || err.message === msg ? msg : `${msg} (${err.message})`;
  } catch {
    return json;
  }
};

/** Writes `obs: <message>` for each line. pino writes whole lines. */
export const plainLog = (output: { write(text: string): unknown }): Writable =>
  new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      for (const line of chunk.toString().split("\n")) if (line !== "") output.write(`obs: ${toText(line)}\n`);
      done();
    },
  });
