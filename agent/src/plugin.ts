/**
 * What a user's own code may bring: `import type { LineParserFunction } from "obs-agent/plugin"`.
 *
 * A parser is the default export of a module that a group of files names:
 *
 *     files:
 *       - include: [/var/log/legacy/*.log]
 *         parser: { type: custom, file: /etc/obs-agent/legacy.ts }
 *
 * Node strips the types of a `.ts` file; `.mjs` and `.js` work as well.
 */

/**
 * Fields of a record. `timestamp` (text, a Date, or a number since 1970), `level`, `message`, `service`,
 * `host`, `trace_id` and the other names that fields of JSON logs have become what they are there; every other
 * field is an attribute, nested ones with dotted names, lists as JSON. null and undefined are left out.
 */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Makes fields of one line, without its line end. undefined: the line is not of this format, and is kept as
 * text. It runs on the agent's own thread, once per line, so it should take microseconds and must not
 * wait for anything; what it throws is counted and logged, and the line is kept as text. Lines come masked of
 * what could be taken apart (addresses, long numbers); what it gives back is masked again.
 */
export type LineParserFunction = (line: string) => Fields | undefined | null;

/** Gives a parser its type: `export default defineParser((line) => ...)`. */
export const defineParser = (parse: LineParserFunction): LineParserFunction => parse;
