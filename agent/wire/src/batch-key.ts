/**
 * Batch key: UInt128 = agent (64 bits) | epoch (32) | seq (32).
 *
 * `agent` is random and made once per data folder, `epoch` is random at every process start, `seq`
 * counts batches of one epoch from 1. As text `<16 hex>-<8 hex>-<8 hex>`, which also sorts in the
 * order of the key.
 */

export interface BatchKey {
  readonly agent: bigint;
  readonly epoch: number;
  readonly seq: number;
}

const TEXT = /^([0-9a-f]{16})-([0-9a-f]{8})-([0-9a-f]{8})$/;

const hex = (value: bigint | number, digits: number): string => value.toString(16).padStart(digits, "0");

export const formatBatchKey = ({ agent, epoch, seq }: BatchKey): string =>
  `${hex(agent, 16)}-${hex(epoch, 8)}-${hex(seq, 8)}`;

/** The key, or undefined when the text is not one. */
export const parseBatchKey = (text: string): BatchKey | undefined => {
  const parts = TEXT.exec(text);
  if (!parts) return undefined;
  return { agent: BigInt(`0x${parts[1]}`), epoch: Number.parseInt(parts[2]!, 16), seq: Number.parseInt(parts[3]!, 16) };
};

/** The UInt128 as ClickHouse stores it. */
export const batchKeyToUInt128 = ({ agent, epoch, seq }: BatchKey): bigint =>
  (agent << 64n) | (BigInt(epoch) << 32n) | BigInt(seq);

export const batchKeyFromUInt128 = (value: bigint): BatchKey => ({
  agent: value >> 64n,
  epoch: Number((value >> 32n) & 0xffffffffn),
  seq: Number(value & 0xffffffffn),
});
