/** Headers that belong to one connection, not to the message (RFC 9110, 7.6.1), and those that forwarding sets anew. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "host", "content-length", "te", "upgrade", "expect"]);

/** What a proxy passes on. */
export const endToEndHeaders = (headers: Readonly<NodeJS.Dict<string | string[]>>): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string | string[]] => entry[1] !== undefined && !HOP_BY_HOP.has(entry[0])),
  );
