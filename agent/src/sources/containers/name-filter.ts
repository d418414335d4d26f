/** Which labels and annotations become attributes: patterns in which `*` stands for anything. */

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

export const compileNames = (patterns: readonly string[]): ((name: string) => boolean) => {
  if (patterns.length === 0) return () => false;
  const expression = new RegExp(`^(?:${patterns.map((pattern) => pattern.split("*").map(escaped).join(".*")).join("|")})$`, "s");
  return (name) => expression.test(name);
};

/** Attributes `<prefix><name>` of the wanted names, in their order. */
export const namedAttributes = (prefix: string, values: Readonly<Record<string, string>> | null | undefined, wants: (name: string) => boolean): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values ?? {})
      .filter(([name]) => wants(name))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, value]) => [prefix + name, String(value)]),
  );
