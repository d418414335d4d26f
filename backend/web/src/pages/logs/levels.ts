/** Severity levels: their order, and colours for light and dark pages. */

/** Lines whose level is not known carry the empty name. */
export const NO_LEVEL = "";

/** Most severe first. */
export const LEVEL_NAMES = ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"] as const;

export const LEVELS: readonly string[] = [...LEVEL_NAMES, NO_LEVEL];

export const levelLabel = (level: string): string => (level === NO_LEVEL ? "NONE" : level);

/**
 * After Okabe and Ito's palette for colour-blind readers (2008): neighbours differ in lightness as
 * well as in hue, and every use has a text beside it.
 */
const COLOURS: Readonly<Record<"light" | "dark", Readonly<Record<string, string>>>> = {
  light: { FATAL: "#86198f", ERROR: "#d1430b", WARN: "#f0a202", INFO: "#4a9bd9", DEBUG: "#0f8a6c", TRACE: "#8a94a6", [NO_LEVEL]: "#c3cad5" },
  dark: { FATAL: "#d06be0", ERROR: "#f0622e", WARN: "#f5b83d", INFO: "#4f9fe0", DEBUG: "#2ea887", TRACE: "#7d8799", [NO_LEVEL]: "#4d5666" },
};

export const levelColour = (level: string, scheme: "light" | "dark"): string => COLOURS[scheme][level] ?? COLOURS[scheme][NO_LEVEL];
