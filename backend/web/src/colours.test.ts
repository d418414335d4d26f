import { describe, expect, it } from "vitest";
import { LEVEL_COLOURS, SERIES_COLOURS } from "./colours.ts";

type Triple = readonly [number, number, number];

/** Full loss of one kind of cone: Machado, Oliveira, Fernandes 2009, table 1, severity 1.0. */
const VISION: Readonly<Record<string, readonly [Triple, Triple, Triple]>> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

const dot = (a: Triple, b: Triple): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const each = (f: (i: 0 | 1 | 2) => number): Triple => [f(0), f(1), f(2)];

const linear = (hex: string): Triple =>
  each((i) => {
    const channel = Number.parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });

const response = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);

/** CIE L*a*b* of linear sRGB, white D65. */
const lab = (rgb: Triple): Triple => {
  const x = response(dot([0.4124, 0.3576, 0.1805], rgb) / 0.9505);
  const y = response(dot([0.2126, 0.7152, 0.0722], rgb));
  const z = response(dot([0.0193, 0.1192, 0.9505], rgb) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
};

const clamp = (value: number): number => Math.min(Math.max(value, 0), 1);

const seen = (hex: string, [red, green, blue]: readonly [Triple, Triple, Triple]): Triple => {
  const rgb = linear(hex);
  return lab([clamp(dot(red, rgb)), clamp(dot(green, rgb)), clamp(dot(blue, rgb))]);
};

const smallestDifference = (colours: readonly string[], vision: string): number => {
  const points = colours.map((colour) => seen(colour, VISION[vision]));
  const differences = points.flatMap((a, i) => points.slice(i + 1).map((b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])));
  return Math.min(...differences);
};

/** CIE76; 2.3 is just noticeable side by side, small marks need several times that. */
const REQUIRED = 14;

describe.each(Object.keys(VISION))("with %s vision", (vision) => {
  it.each([
    ["levels, light", Object.values(LEVEL_COLOURS.light)],
    ["levels, dark", Object.values(LEVEL_COLOURS.dark)],
    ["lines, light", SERIES_COLOURS.light],
    ["lines, dark", SERIES_COLOURS.dark],
  ])("%s can be told apart", (_name, colours) => expect(smallestDifference(colours, vision)).toBeGreaterThan(REQUIRED));
});
