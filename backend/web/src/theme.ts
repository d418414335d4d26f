/** Mantine's theme and the colours of what is drawn on canvas. */

import { createTheme, type CSSVariablesResolver, useComputedColorScheme } from "@mantine/core";

export type Scheme = "light" | "dark";

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 5 },
  defaultRadius: "sm",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  cursorType: "pointer",
  focusRing: "auto",
});

/** Lets Mantine's surfaces follow the page's own (theme.css). */
export const cssVariables: CSSVariablesResolver = () => {
  const shared = {
    "--mantine-color-body": "var(--obs-panel)",
    "--mantine-color-text": "var(--obs-text)",
    "--mantine-color-dimmed": "var(--obs-dim)",
    "--mantine-color-default-border": "var(--obs-line-strong)",
    "--mantine-color-default": "var(--obs-panel)",
    "--mantine-color-default-hover": "var(--obs-hover)",
  };
  return { variables: {}, light: shared, dark: shared };
};

/** The scheme that is in force, whether chosen or the system's. */
export const useScheme = (): Scheme => useComputedColorScheme("light", { getInitialValueInEffect: false });

/** Axes and grids, kept in step with theme.css. */
export const CHART_COLOURS: Readonly<Record<Scheme, { readonly text: string; readonly grid: string }>> = {
  light: { text: "#667085", grid: "#eceff3" },
  dark: { text: "#8b95a5", grid: "#232a34" },
};

/** Lines of one chart: Okabe and Ito's palette, adjusted to the background. */
export const SERIES_COLOURS: Readonly<Record<Scheme, readonly string[]>> = {
  light: ["#2f6fd0", "#e08a00", "#0f8a6c", "#b0479a", "#4aa3df", "#c9460d", "#8a7a00", "#6b7688"],
  dark: ["#5b96f0", "#f0a83c", "#35b892", "#d67fc4", "#7cc4f2", "#f0703c", "#cbb93a", "#97a3b6"],
};
