/** Keys of 32 bytes in files, such as `openssl rand -hex 32` writes them. */

const KEY_BYTES = 32;

/** The key in a file's bytes: 32 of them, or as 64 hex digits, or in base64. undefined when it is none of these. */
export const parseKey = (bytes: Buffer): Buffer | undefined => {
  // Digits of half a key are not a key.
  if (bytes.length === KEY_BYTES && !/^[0-9a-f]+$/i.test(bytes.toString("latin1"))) return bytes;
  const text = bytes.toString("latin1").trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  const decoded = /^[A-Za-z0-9+/]{43}=?$/.test(text) ? Buffer.from(text, "base64") : undefined;
  return decoded?.length === KEY_BYTES ? decoded : undefined;
};
