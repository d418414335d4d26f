/** Mantine's theme, fitted to the colours of theme.css. */

import { Button, createTheme, type CSSVariablesResolver, useComputedColorScheme } from "@mantine/core";
import type { Scheme } from "./colours.ts";

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 5 },
  defaultRadius: "sm",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  cursorType: "pointer",
  // Text, four of borders, then surfaces: the greys of theme.css, which Mantine's inputs and menus use too.
  colors: { dark: ["#dbe2ec", "#b4bdca", "#8f9aab", "#5d687a", "#343d4a", "#232a34", "#161c24", "#141920", "#0e1217", "#0a0d11"] },
  focusRing: "auto",
  components: { Button: Button.extend({ defaultProps: { fw: 500 } }) },
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
