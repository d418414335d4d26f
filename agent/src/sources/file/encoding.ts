/** Encodings of files: which one it is, and where its lines end. The row pass takes UTF-8 only. */

export const ENCODINGS = ["auto", "utf-8", "utf-16le", "utf-16be", "latin1"] as const;
export type EncodingOption = (typeof ENCODINGS)[number];
export type Encoding = Exclude<EncodingOption, "auto">;

export interface Recognised {
  readonly encoding: Encoding;
  /** Length of the byte order mark that the file begins with. */
  readonly markBytes: number;
}

const MARKS: readonly { readonly encoding: Encoding; readonly mark: Buffer }[] = [
  { encoding: "utf-8", mark: Buffer.from([0xef, 0xbb, 0xbf]) },
  { encoding: "utf-16le", mark: Buffer.from([0xff, 0xfe]) },
  { encoding: "utf-16be", mark: Buffer.from([0xfe, 0xff]) },
];
export const LONGEST_MARK = 3;

/** By the first bytes of a file, at least LONGEST_MARK unless it is shorter. Undefined: they may become a mark yet. */
export const recogniseEncoding = (head: Buffer, option: EncodingOption): Recognised | undefined => {
  for (const { encoding, mark } of MARKS) {
    if (option !== "auto" && option !== encoding) continue;
    if (head.length >= mark.length && head.subarray(0, mark.length).equals(mark)) return { encoding, markBytes: mark.length };
    if (head.length < mark.length && mark.subarray(0, head.length).equals(head)) return undefined;
  }
  return { encoding: option === "auto" ? "utf-8" : option, markBytes: 0 };
};

/** Bytes of a code unit; line ends stand at multiples of it. */
export const unitBytes = (encoding: Encoding): 1 | 2 => (encoding === "utf-16le" || encoding === "utf-16be" ? 2 : 1);

const NEWLINE = 0x0a;

const isNewline = (bytes: Uint8Array, at: number, encoding: Encoding): boolean => {
  if (unitBytes(encoding) === 1) return true;
  return at % 2 === (encoding === "utf-16le" ? 0 : 1) && bytes[encoding === "utf-16le" ? at + 1 : at - 1] === 0;
};

const endOf = (at: number, encoding: Encoding): number => at + (encoding === "utf-16le" ? 2 : 1);

/** Index behind the first line end; -1: there is none. The bytes begin at a whole unit. */
export const firstLineEnd = (bytes: Buffer, encoding: Encoding): number => {
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) if (isNewline(bytes, at, encoding)) return endOf(at, encoding);
  return -1;
};

/** Index behind the last line end; -1: there is none. */
export const lastLineEnd = (bytes: Buffer, encoding: Encoding): number => {
  for (let at = bytes.lastIndexOf(NEWLINE); at !== -1; at = at === 0 ? -1 : bytes.lastIndexOf(NEWLINE, at - 1)) if (isNewline(bytes, at, encoding)) return endOf(at, encoding);
  return -1;
};
