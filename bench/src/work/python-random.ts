/**
 * Python's `random.Random(seed)` to the bit, as far as the generators of the works need it:
 * MT19937 (Matsumoto & Nishimura 1998) with CPython's seeding by an integer (`init_by_array` over
 * its 32-bit digits) and CPython's derived draws (Modules/_randommodule.c, Lib/random.py).
 */

const N = 624;
const M = 397;
const MATRIX_A = 0x9908b0df;

export class PythonRandom {
  readonly #state = new Uint32Array(N);
  #next = N;

  /** `seed`: an integer below 2^53, as in `random.Random(20240607)`. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError("the seed must be a safe integer");
    const magnitude = Math.abs(seed);
    const digits = [magnitude >>> 0];
    if (magnitude > 0xffffffff) digits.push(Math.floor(magnitude / 2 ** 32));
    this.#seedByArray(digits);
  }

  /** Uniform in [0, 1) with 53 bits. */
  random(): number {
    const high = this.#draw() >>> 5;
    const low = this.#draw() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** `getrandbits(bits)` for 1 to 32 bits. */
  bits(bits: number): number {
    return this.#draw() >>> (32 - bits);
  }

  /** `'%0*x' % (digits, getrandbits(4 * digits))`; digits a multiple of 8. Words come least significant first. */
  hex(digits: number): string {
    let text = "";
    for (let done = 0; done < digits; done += 8) text = this.#draw().toString(16).padStart(8, "0") + text;
    return text;
  }

  /** `randrange(stop)` for 1 <= stop < 2^32: rejection over `stop.bit_length()` bits. */
  below(stop: number): number {
    const shift = Math.clz32(stop);
    let value = this.#draw() >>> shift;
    while (value >= stop) value = this.#draw() >>> shift;
    return value;
  }

  /** `expovariate(rate)`. */
  exponential(rate: number): number {
    return -Math.log(1 - this.random()) / rate;
  }

  #seedByArray(key: readonly number[]): void {
    const state = this.#state;
    state[0] = 19650218;
    for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, state[i - 1]! ^ (state[i - 1]! >>> 30)) + i;
    let i = 1;
    let j = 0;
    const advance = (): void => {
      if (++i < N) return;
      state[0] = state[N - 1]!;
      i = 1;
    };
    for (let left = Math.max(N, key.length); left > 0; left--) {
      state[i] = (state[i]! ^ Math.imul(state[i - 1]! ^ (state[i - 1]! >>> 30), 1664525)) + key[j]! + j;
      j = (j + 1) % key.length;
      advance();
    }
    for (let left = N - 1; left > 0; left--) {
      state[i] = (state[i]! ^ Math.imul(state[i - 1]! ^ (state[i - 1]! >>> 30), 1566083941)) - i;
      advance();
    }
    state[0] = 0x80000000;
  }

  #draw(): number {
    if (this.#next === N) this.#refill();
    let y = this.#state[this.#next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #refill(): void {
    const state = this.#state;
    for (let i = 0; i < N; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
      state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? MATRIX_A : 0);
    }
    this.#next = 0;
  }
}
