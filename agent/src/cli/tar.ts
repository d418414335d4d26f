/** A tar archive of small files (POSIX.1-1988, ustar), for `support-bundle`. */

export interface TarFile {
  /** At most 100 bytes. */
  readonly name: string;
  readonly content: string;
}

const BLOCK = 512;

const header = (name: string, size: number, mtimeSeconds: number): Buffer => {
  const block = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(name) > 100) throw new Error(`BUG: ${name} is too long for a tar header`);
  const octal = (value: number, at: number, length: number): void => void block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  block.write(name, 0);
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(mtimeSeconds, 136, 12);
  block.write("        0", 148, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
};

export const tarOf = (files: readonly TarFile[], mtimeMs: number): Buffer => {
  const parts = files.flatMap(({ name, content }) => {
    const body = Buffer.from(content);
    return [header(name, body.length, Math.floor(mtimeMs / 1_000)), body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
};
