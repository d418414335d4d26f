import { useScheme } from "../../theme.ts";
import { levelColour, levelLabel, NO_LEVEL } from "./levels.ts";
import css from "./log-list.module.css";

/** Levels that are to catch the eye. */
const LOUD = new Set(["FATAL", "ERROR", "WARN"]);

/** The level as a word, framed in its colour when it matters; a line without a level shows a dash. */
export const LevelBadge = ({ level }: { readonly level: string }) => (
  <span className={css.badge} data-quiet={!LOUD.has(level) || undefined} style={{ "--level": levelColour(level, useScheme()) } as React.CSSProperties}>
    {level === NO_LEVEL ? "–" : levelLabel(level)}
  </span>
);
