const NS_PER_SECOND = 1e9;

/**
 * Stores seconds and nanoseconds as an Int64 of ns, without BigInt (which allocates). The product is
 * made of two that are exact in a double: seconds = high * 2^16 + low.
 */
export const writeNanoseconds = (view: DataView, at: number, seconds: number, nanoseconds: number): void => {
  const high = Math.floor(seconds / 0x10000);
  const low = (seconds - high * 0x10000) * NS_PER_SECOND + nanoseconds;
  const highProduct = high * NS_PER_SECOND;
  const highWord = Math.floor(highProduct / 0x10000);
  const lowWord = (highProduct - highWord * 0x10000) * 0x10000 + low;
  const carry = Math.floor(lowWord / 0x1_0000_0000);
  view.setUint32(at, lowWord - carry * 0x1_0000_0000, true);
  view.setUint32(at + 4, highWord + carry, true);
};
