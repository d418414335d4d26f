/** Bytes that are not a Native block of the types it names, or end too early. */
export class NativeFormatError extends Error {
  override readonly name = "NativeFormatError";
}

/** Reads what ByteWriter writes; throws NativeFormatError instead of reading past the end. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at === this.#buffer.length;
  }

  get remaining(): number {
    return this.#buffer.length - this.#at;
  }

  raw(length: number): Buffer {
    const at = this.#take(length);
    return this.#buffer.subarray(at, at + length);
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.uint8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new NativeFormatError(`varint too long at byte ${this.#at}`);
  }

  string(): string {
    const length = this.varint();
    const at = this.#take(length);
    return this.#buffer.toString("utf8", at, at + length);
  }

  uint8(): number {
    return this.#buffer[this.#take(1)]!;
  }

  uint16(): number {
    return this.#buffer.readUInt16LE(this.#take(2));
  }

  uint32(): number {
    return this.#buffer.readUInt32LE(this.#take(4));
  }

  uint64(): bigint {
    return this.#buffer.readBigUInt64LE(this.#take(8));
  }

  int64(): bigint {
    return this.#buffer.readBigInt64LE(this.#take(8));
  }

  float32(): number {
    return this.#buffer.readFloatLE(this.#take(4));
  }

  float64(): number {
    return this.#buffer.readDoubleLE(this.#take(8));
  }

  /** A count of things that take at least one byte each, so that a wrong one cannot claim memory. */
  count(): number {
    const value = this.uint64();
    if (value > BigInt(this.remaining)) throw new NativeFormatError(`count ${value} is larger than the rest of the body`);
    return Number(value);
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (bytes > this.#buffer.length - at) throw new NativeFormatError(`body ends at byte ${this.#buffer.length}, inside a value`);
    this.#at = at + bytes;
    return at;
  }
}
