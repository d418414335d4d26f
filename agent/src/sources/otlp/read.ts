/**
 * Reads fields of a decoded request. Protobuf gives 64-bit numbers as Long and ids as bytes, JSON
 * gives text (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding); absent is absent.
 */

import type { Message } from "./messages.ts";

/** The request is not what the protocol says; nothing of it is taken. */
export class MalformedRequest extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MalformedRequest";
  }
}

export const field = (message: Message, name: string): unknown => (Object.hasOwn(message, name) ? (message[name] ?? undefined) : undefined);

export const isMessage = (value: unknown): value is Message => typeof value === "object" && value !== null && !Array.isArray(value);

export const childOf = (message: Message, name: string): Message | undefined => {
  const value = field(message, name);
  if (value === undefined || isMessage(value)) return value;
  throw new MalformedRequest(`${name} must be an object`);
};

export const listOf = (message: Message, name: string): readonly unknown[] => {
  const value = field(message, name) ?? [];
  if (Array.isArray(value)) return value as unknown[];
  throw new MalformedRequest(`${name} must be a list`);
};

export const childrenOf = (message: Message, name: string): readonly Message[] => {
  const values = listOf(message, name);
  if (values.every(isMessage)) return values;
  throw new MalformedRequest(`${name} must be a list of objects`);
};

export const textOf = (message: Message, name: string): string => {
  const value = field(message, name) ?? "";
  if (typeof value === "string") return value;
  throw new MalformedRequest(`${name} must be text`);
};

interface Long {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

const isLong = (value: unknown): value is Long => isMessage(value) && typeof value["low"] === "number" && typeof value["high"] === "number";

/** A 64-bit number in any of its forms. */
export const toBigInt = (value: unknown): bigint => {
  if (isLong(value)) {
    const bits = (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
    return value.unsigned ? bits : BigInt.asIntN(64, bits);
  }
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw new MalformedRequest(`${String(value).slice(0, 100)} is no whole number`);
};

export const bigIntOf = (message: Message, name: string): bigint => toBigInt(field(message, name) ?? 0);

/** JSON writes what it has no numbers for as text. */
export const toNumber = (value: unknown): number => {
  if (typeof value === "number") return value;
  if (isLong(value)) return Number(toBigInt(value));
  if (typeof value === "string" && value.trim() !== "") {
    const number = value === "Infinity" || value === "-Infinity" ? Number(value) : value === "NaN" ? Number.NaN : Number(value);
    if (!Number.isNaN(number) || value === "NaN") return number;
  }
  throw new MalformedRequest(`${String(value).slice(0, 100)} is no number`);
};

export const numberOf = (message: Message, name: string): number => toNumber(field(message, name) ?? 0);

/** An id: bytes, or text in hex. "" when it is unset or all zeros, as the specification has it. */
export const hexOf = (message: Message, name: string): string => {
  const value = field(message, name);
  const text = value instanceof Uint8Array ? Buffer.from(value).toString("hex") : typeof value === "string" ? value.toLowerCase() : "";
  return /^0*$/.test(text) ? "" : text;
};
