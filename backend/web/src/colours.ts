/**
 * Colours of what is drawn, for light and dark pages. After Okabe and Ito's palette for colour-blind
 * readers (2008); colours.test.ts holds each two of a palette apart for every kind of colour vision.
 */

export type Scheme = "light" | "dark";

/** Axes and grids, kept in step with theme.css. */
export const CHART_COLOURS: Readonly<Record<Scheme, { readonly text: string; readonly grid: string }>> = {
  light: { text: "#667085", grid: "#eceff3" },
  dark: { text: "#8b95a5", grid: "#232a34" },
};

/** Lines of one chart, in this order. */
export const SERIES_COLOURS: Readonly<Record<Scheme, readonly string[]>> = {
  light: ["#2f6fd0", "#f0a01a", "#0b7a5e", "#a03d8e", "#62b8ee", "#c9460d", "#4a3f00", "#9aa5b8"],
  dark: ["#4f8df0", "#ffb84d", "#2aa37f", "#e08ad0", "#a5dcff", "#e0592a", "#f0e68c", "#7d879a"],
};

/** Severity levels by name; the empty name is for lines without one. */
export const LEVEL_COLOURS: Readonly<Record<Scheme, Readonly<Record<string, string>>>> = {
  light: { FATAL: "#7a1087", ERROR: "#d1430b", WARN: "#f0a202", INFO: "#4a9bd9", DEBUG: "#0b7a5e", TRACE: "#949db0", "": "#c9d0da" },
  dark: { FATAL: "#f9b4ff", ERROR: "#f0622e", WARN: "#f5b83d", INFO: "#4a9ae8", DEBUG: "#1d8f6b", TRACE: "#8a91a8", "": "#4d5666" },
};
