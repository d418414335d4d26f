/**
 * Fluent Bit's classic format: sections in brackets, indented `Key Value` lines, `#` comments, `@SET`
 * and `@INCLUDE` (docs.fluentbit.io, "Format and schema").
 */

export interface Section {
  /** Upper case, such as `INPUT`. */
  readonly kind: string;
  readonly line: number;
  /** Keys in lower case; a key that comes again has a list. */
  readonly options: Record<string, unknown>;
}

export interface Classic {
  readonly sections: readonly Section[];
  readonly includes: readonly string[];
  /** Lines that are none of it. */
  readonly strange: readonly number[];
}

export const addOption = (options: Record<string, unknown>, name: string, value: unknown): void => {
  const key = name.toLowerCase();
  options[key] = Object.hasOwn(options, key) ? [...(Array.isArray(options[key]) ? (options[key] as unknown[]) : [options[key]]), value] : value;
};

export const parseClassic = (text: string): Classic => {
  const sections: Section[] = [];
  const includes: string[] = [];
  const strange: number[] = [];
  const variables = new Map<string, string>();
  const filled = (value: string): string => value.replace(/\$\{(\w+)\}/g, (whole, name: string) => variables.get(name) ?? whole);
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const section = /^\[\s*([\w-]+)\s*\]$/.exec(line);
    const set = /^@SET\s+(\w+)=(.*)$/i.exec(line);
    const include = /^@INCLUDE\s+(.+)$/i.exec(line);
    const option = /^(\S+)\s+(.+)$/.exec(line);
    if (section) sections.push({ kind: section[1]!.toUpperCase(), line: index + 1, options: {} });
    else if (set) variables.set(set[1]!, set[2]!);
    else if (include) includes.push(include[1]!);
    else if (option && sections.length > 0) addOption(sections.at(-1)!.options, option[1]!, filled(option[2]!));
    else strange.push(index + 1);
  }
  return { sections, includes, strange };
};
