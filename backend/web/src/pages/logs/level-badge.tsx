import { useScheme } from "../../theme.ts";
import { levelColour, levelLabel, NO_LEVEL } from "./levels.ts";
import css from "./log-list.module.css";

/** The level as a word in its colour's frame; a line without a level shows a dash. */
export const LevelBadge = ({ level }: { readonly level: string }) => (
  <span className={css.badge} style={{ "--level": levelColour(level, useScheme()) } as React.CSSProperties}>
    {level === NO_LEVEL ? "–" : levelLabel(level)}
  </span>
);
