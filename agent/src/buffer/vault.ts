/**
 * Encryption at rest: AES-256-GCM over descriptions, bodies and positions, with a key from a file.
 *
 * Form of a sealed value: nonce (12 random bytes) | ciphertext | tag (16). Its name (`i/`, `b/` or
 * `p/` and the key it lies under) is authenticated with it, so a value cannot be put in another's
 * place. The key that is used is derived (HKDF-SHA256) from the file's and a salt of this data
 * folder: one file may serve many hosts, and a nonce need not be unique among them.
 *
 * `vault.json` in the data folder, and `m/vault` in LevelDB, hold the salt and a sealed constant, by
 * which a wrong key is known before anything is read or written. Either of them is enough: a damaged
 * LevelDB must not take the salt along.
 *
 * What is not sealed: batch keys, ids of streams (device and inode of a file), and the ledger.
 */

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

export interface Vault {
  /** False: values are kept as they are. */
  readonly isSealing: boolean;
  seal(name: string, plain: Uint8Array): Uint8Array;
  /** undefined when the value is damaged, or lies where it was not put. */
  open(name: string, value: Uint8Array): Uint8Array | undefined;
}

export const PLAIN: Vault = { isSealing: false, seal: (_name, plain) => plain, open: (_name, value) => value };

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PURPOSE = "obs-agent buffer 1";
const CHECK_NAME = "check";
const CHECK_TEXT = "the key of this buffer";

const sealingVault = (key: Buffer): Vault => ({
  isSealing: true,

  seal(name, plain) {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(name));
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  },

  open(name, value) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const end = bytes.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(end));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]);
    } catch {
      return undefined;
    }
  },
});

/** What is kept beside the data: text for `vault.json` and `m/vault`. */
interface VaultRecord {
  readonly cipher: string;
  readonly salt: string;
  readonly check: string;
}

const parseRecord = (text: string): VaultRecord | undefined => {
  try {
    const record = JSON.parse(text) as Partial<VaultRecord>;
    return record.cipher === CIPHER && typeof record.salt === "string" && typeof record.check === "string" ? (record as VaultRecord) : undefined;
  } catch {
    return undefined;
  }
};

const derive = (key: Uint8Array, salt: string): Vault => sealingVault(Buffer.from(hkdfSync("sha256", key, Buffer.from(salt, "hex"), PURPOSE, KEY_BYTES)));

/** A vault for a folder that has none, and its record. */
export const createVault = (key: Uint8Array): { readonly vault: Vault; readonly record: string } => {
  const salt = randomBytes(KEY_BYTES).toString("hex");
  const vault = derive(key, salt);
  const check = Buffer.from(vault.seal(CHECK_NAME, Buffer.from(CHECK_TEXT))).toString("hex");
  return { vault, record: JSON.stringify({ cipher: CIPHER, salt, check } satisfies VaultRecord) };
};

/** undefined when the record does not belong to the key. */
export const openVault = (key: Uint8Array, text: string): Vault | undefined => {
  const record = parseRecord(text);
  const vault = record && derive(key, record.salt);
  return vault?.open(CHECK_NAME, Buffer.from(record!.check, "hex")) ? vault : undefined;
};
