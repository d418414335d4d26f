/** Severity levels: their order, names and colours. */

import { LEVEL_COLOURS, type Scheme } from "../../colours.ts";

/** Lines whose level is not known carry the empty name. */
export const NO_LEVEL = "";

/** Most severe first. */
export const LEVEL_NAMES = ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"] as const;

export const LEVELS: readonly string[] = [...LEVEL_NAMES, NO_LEVEL];

export const levelLabel = (level: string): string => (level === NO_LEVEL ? "NONE" : level);

export const levelColour = (level: string, scheme: Scheme): string => LEVEL_COLOURS[scheme][level] ?? LEVEL_COLOURS[scheme][NO_LEVEL];
