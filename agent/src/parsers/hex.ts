const VALUES = new Int16Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  const character = digit.toString(16);
  VALUES[character.charCodeAt(0)] = digit;
  VALUES[character.toUpperCase().charCodeAt(0)] = digit;
}

/** Decodes `length` bytes of hex at `from` to `target`; false when a character is not hex. */
export const decodeHex = (bytes: Uint8Array, from: number, target: number, length: number): boolean => {
  let combined = 0;
  for (let index = 0; index < length; index++) {
    const value = (VALUES[bytes[from + index * 2]!]! << 4) | VALUES[bytes[from + index * 2 + 1]!]!;
    combined |= value;
    bytes[target + index] = value;
  }
  return combined >= 0;
};
