import { describe, expect, it } from "vitest";
import { PythonRandom } from "./python-random.ts";

// CPython 3.11, in this order of draws from random.Random(seed):
// random(), getrandbits(32), getrandbits(5), randrange of each stop, '%032x' % getrandbits(128),
// expovariate(900), then random() after 2,000 more.
const STOPS = [1, 2, 10, 62, 256, 1e9];
const DRAWN_BY_CPYTHON = [
  { seed: 0, first: 0.8444218515250481, bits32: 3255389356, bits5: 28, below: [0, 0, 4, 61, 248, 434794718], hex: "4da5e709d4713d60c8a70639eb1167b3", exponential: 0.003817542965192373, last: 0.6274712230308078 },
  { seed: 1, first: 0.13436424411240122, bits32: 3639700191, bits5: 25, below: [0, 1, 1, 31, 230, 507069464], hex: "35bf992dc9e9c616612e7696a6cecc1b", exponential: 0.00010951222606906164, last: 0.06492748093164047 },
  { seed: 20240607, first: 0.5628733220179614, bits32: 2363575435, bits5: 16, below: [0, 0, 9, 15, 119, 189675423], hex: "bafcaba920f0ac5c57b39e4dbda513bd", exponential: 0.0003678546400029094, last: 0.4044790345690207 },
  { seed: 2 ** 40 + 17, first: 0.6614192930187859, bits32: 1037313734, bits5: 14, below: [0, 1, 6, 31, 71, 403150223], hex: "8be11d5eac948e23b25e17e31e3c6d29", exponential: 0.002757799545124293, last: 0.09736243646711373 },
];

describe("PythonRandom", () => {
  it.each(DRAWN_BY_CPYTHON)("draws what CPython draws for seed $seed", ({ seed, first, bits32, bits5, below, hex, exponential, last }) => {
    const random = new PythonRandom(seed);
    expect(random.random()).toBe(first);
    expect(random.bits(32)).toBe(bits32);
    expect(random.bits(5)).toBe(bits5);
    expect(STOPS.map((stop) => random.below(stop))).toEqual(below);
    expect(random.hex(32)).toBe(hex);
    // The platform's log may differ in the last place from V8's.
    expect(random.exponential(900)).toBeCloseTo(exponential, 15);
    for (let i = 0; i < 2000; i++) random.random();
    expect(random.random()).toBe(last);
  });

  it("refuses a seed that is no integer", () => {
    expect(() => new PythonRandom(0.5)).toThrow(RangeError);
  });
});
