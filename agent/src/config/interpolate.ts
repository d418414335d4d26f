/**
 * Environment variables in configuration values: `${VAR}`, `${VAR:-default}`, `${VAR:?message}`,
 * and `$$` for a dollar sign. They are put into values after the YAML was read, so that a value can
 * never become structure.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::(-|\?)([^}]*))?\}|\$\{[^}]*\}?/g;

/** Throws Error with a message that names the variable, and never its value. */
export const interpolate = (text: string, environment: Environment): string =>
  text.replace(REFERENCE, (whole, name: string | undefined, form: string | undefined, rest: string | undefined) => {
    if (whole === "$$") return "$";
    // A group of a relabelling's expression; no variable's name begins with a digit.
    if (/^\$\{\d+\}$/.test(whole)) return whole;
    if (name === undefined) throw new Error(`"${whole}" is not a variable: write \${NAME}, \${NAME:-default} or \${NAME:?message}, or $$ for a dollar sign`);
    const value = environment[name];
    if (value === undefined || (value === "" && form !== undefined)) {
      if (form === "-") return rest!;
      throw new Error(form === "?" ? `${name} is not set: ${rest}` : `the environment variable ${name} is not set (a default: \${${name}:-...})`);
    }
    if (/[\r\n]/.test(value)) throw new Error(`the environment variable ${name} holds a line break`);
    return value;
  });
