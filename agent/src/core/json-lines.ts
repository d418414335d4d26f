/** Objects of a response that sends one JSON object per line, as docker's events and Kubernetes' watches do. */

const NEWLINE = 10;
/** A pod with all its fields is at most a few MB in etcd. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Ends with the response; a line that is no JSON, or an unterminated last one, is an error. */
export async function* jsonLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const bytes of body) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (let newline = chunk.indexOf(NEWLINE); newline >= 0; newline = chunk.indexOf(NEWLINE, at)) {
      const line = Buffer.concat([...rest, chunk.subarray(at, newline)]);
      rest = [];
      restBytes = 0;
      at = newline + 1;
      if (line.some((byte) => byte > 32)) yield JSON.parse(line.toString());
    }
    restBytes += chunk.length - at;
    if (restBytes > MAX_LINE_BYTES) throw new Error(`a line of more than ${MAX_LINE_BYTES} bytes`);
    // Copied: the chunk is the client's again.
    if (at < chunk.length) rest.push(Buffer.from(chunk.subarray(at)));
  }
  const last = Buffer.concat(rest).toString().trim();
  if (last !== "") yield JSON.parse(last);
}
