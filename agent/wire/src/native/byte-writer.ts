/** A growing buffer that writes what the Native format is made of. Little endian throughout. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(initialBytes = 4096) {
    this.#buffer = Buffer.allocUnsafe(initialBytes);
  }

  /** The bytes written so far; valid until the next write. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#claim(bytes.length);
    this.#buffer.set(bytes, at);
  }

  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.uint8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.uint8(rest);
  }

  /** Length as varint, then the UTF-8 bytes. A lone surrogate becomes U+FFFD. */
  string(text: string): void {
    const length = Buffer.byteLength(text);
    this.varint(length);
    const at = this.#claim(length);
    this.#buffer.write(text, at, "utf8");
  }

  uint8(value: number): void {
    const at = this.#claim(1);
    this.#buffer[at] = value;
  }

  uint16(value: number): void {
    const at = this.#claim(2);
    this.#buffer.writeUInt16LE(value, at);
  }

  uint32(value: number): void {
    const at = this.#claim(4);
    this.#buffer.writeUInt32LE(value, at);
  }

  uint64(value: bigint): void {
    const at = this.#claim(8);
    this.#buffer.writeBigUInt64LE(value, at);
  }

  int64(value: bigint): void {
    const at = this.#claim(8);
    this.#buffer.writeBigInt64LE(value, at);
  }

  float32(value: number): void {
    const at = this.#claim(4);
    this.#buffer.writeFloatLE(value, at);
  }

  float64(value: number): void {
    const at = this.#claim(8);
    this.#buffer.writeDoubleLE(value, at);
  }

  #claim(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, at);
      this.#buffer = grown;
    }
    return at;
  }
}
