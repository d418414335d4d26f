/** Encryption at rest, by the bytes on the disk. */

import { randomBytes } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatBatchKey } from "@obs/wire";
import { openDatabase } from "./database.ts";
import type { DiskBuffer } from "./disk-buffer.ts";
import { ack, LARGE, open, takeAll, withFolder } from "./fixtures.ts";
import { silentLog } from "../core/log.ts";
import { parseKey } from "../config/key-file.ts";
import { createVault, openVault } from "./vault.ts";

const KEY = randomBytes(32);
const SECRET = "the secret of this line";

/** All bytes of all files in a folder. */
const bytesOf = async (folder: string): Promise<Buffer> => {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name)))));
};

const commitSecret = async (buffer: DiskBuffer, bytes: number, tenant = "tenant-of-secrets"): Promise<string> => {
  const key = formatBatchKey(buffer.nextKey());
  const body = Buffer.alloc(bytes, SECRET);
  const positions = new Map([["file/7", Buffer.from("/var/log/secret-path.log")]]);
  await buffer.commit({ batches: [{ stream: "logs", key, rows: 10, rawBytes: bytes, firstNs: 1n, lastNs: 2n, body, positions, tenant }], lines: { lines: 10, blank: 0 } });
  return key;
};

const SIZES = [200, LARGE];
const readable = ["the secret", "secret-path", "tenant-of-secrets"];

describe("an encrypted buffer", () => {
  it("leaves nothing readable on the disk, through a restart, an acknowledgement and a dead letter", () =>
    withFolder(async (folder) => {
      const first = await open(folder, { encryptionKey: KEY, keepAcknowledgedMs: 60_000 });
      for (const size of SIZES) for (let i = 0; i < 3; i++) await commitSecret(first, size);
      const [one, two] = await takeAll(first);
      await first.main.acknowledge(one!, ack(10));
      await first.main.deadLetter(two!, "batch_malformed");
      await first.close();
      const second = await open(folder, { encryptionKey: KEY, keepAcknowledgedMs: 60_000 });
      const found = await takeAll(second);
      expect(found).toHaveLength(4);
      for (const { body, tenant } of found) {
        expect(Buffer.from(body).includes(SECRET)).toBe(true);
        expect(tenant).toBe("tenant-of-secrets");
      }
      expect(Buffer.from(second.positions.get("file/7")!).toString()).toBe("/var/log/secret-path.log");
      await second.close();
      const bytes = await bytesOf(folder);
      for (const text of readable) expect([text, bytes.includes(text)]).toEqual([text, false]);
    }));

  it("without a key is readable: so this test would see it", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder);
      for (const size of SIZES) await commitSecret(buffer, size);
      await buffer.close();
      const bytes = await bytesOf(folder);
      for (const text of readable) expect([text, bytes.includes(text)]).toEqual([text, true]);
    }));

  it.each([
    ["another key", randomBytes(32), "is not the one"],
    ["no key", undefined, "is encrypted: name its key"],
  ])("refuses %s with one line, and loses nothing", (_name, encryptionKey, message) =>
    withFolder(async (folder) => {
      const first = await open(folder, { encryptionKey: KEY });
      for (const size of SIZES) await commitSecret(first, size);
      await first.close();
      const refused = open(folder, encryptionKey && { encryptionKey });
      await expect(refused).rejects.toMatchObject({ code: "buffer_key", exitCode: 1 });
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.not.toThrow(/\n/);
      const again = await open(folder, { encryptionKey: KEY });
      expect(await takeAll(again)).toHaveLength(SIZES.length);
      await again.close();
    }));

  it("takes over a buffer that was begun without a key", () =>
    withFolder(async (folder) => {
      const plain = await open(folder);
      for (const size of SIZES) await commitSecret(plain, size);
      await plain.close();
      const sealed = await open(folder, { encryptionKey: KEY });
      await commitSecret(sealed, 200);
      const found = await takeAll(sealed);
      expect(found).toHaveLength(SIZES.length + 1);
      for (const { body } of found) expect(Buffer.from(body).includes(SECRET)).toBe(true);
      expect(sealed.state().ledger.signals.logs.dropped).toEqual({});
      await sealed.close();
    }));

  it.each(["m/vault", "vault.json"])("survives the loss of %s", (lost) =>
    withFolder(async (folder) => {
      const first = await open(folder, { encryptionKey: KEY });
      await commitSecret(first, LARGE);
      await first.close();
      if (lost === "vault.json") await rm(join(folder, lost));
      else {
        const { database } = await openDatabase(folder, silentLog);
        await database.del(lost);
        await database.close();
      }
      const second = await open(folder, { encryptionKey: KEY });
      expect(await takeAll(second)).toHaveLength(1);
      expect(second.positions.size).toBe(1);
      await second.close();
    }));

  it("asks again about batches of another boot of the store", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder, { encryptionKey: KEY, keepAcknowledgedMs: 60_000 });
      for (const size of SIZES) await commitSecret(buffer, size);
      const [one, two] = await takeAll(buffer);
      await buffer.main.acknowledge(one!, ack(10, "boot-1"));
      await buffer.main.acknowledge(two!, ack(10, "boot-2"));
      const [repeat] = await takeAll(buffer);
      expect(Buffer.from(repeat!.body).includes(SECRET)).toBe(true);
      await buffer.close();
    }));
});

describe("vault", () => {
  const { vault, record } = createVault(KEY);

  it("gives back what was sealed under the same name, and nothing when a bit or the name differs", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), fc.nat(), fc.integer({ min: 1, max: 255 }), (plain, name, at, change) => {
        const sealed = Buffer.from(vault.seal(name, plain));
        expect(Buffer.from(vault.open(name, sealed)!).equals(plain)).toBe(true);
        expect(vault.open(`${name}x`, sealed)).toBeUndefined();
        expect(vault.open(name, sealed.subarray(0, at % sealed.length))).toBeUndefined();
        sealed[at % sealed.length]! ^= change;
        expect(vault.open(name, sealed)).toBeUndefined();
      }),
    );
  });

  it("is opened by its key and record only", () => {
    expect(openVault(KEY, record)).toBeDefined();
    expect(openVault(randomBytes(32), record)).toBeUndefined();
    for (const text of ["", "{}", "nonsense", record.replace("aes-256-gcm", "rot13")]) expect(openVault(KEY, text)).toBeUndefined();
  });

  it.each([
    ["raw bytes", KEY, true],
    ["hex digits", Buffer.from(`${KEY.toString("hex")}\n`), true],
    ["base64", Buffer.from(`${KEY.toString("base64")}\n`), true],
    ["a passphrase", Buffer.from("correct horse battery staple"), false],
    ["half a key", Buffer.from(KEY.toString("hex").slice(0, 32)), false],
    ["nothing", Buffer.alloc(0), false],
  ])("reads a key as %s", (_name, bytes, isKey) => expect(parseKey(bytes) !== undefined).toBe(isKey));
});
