import { formatShortCount } from "../../format/units.ts";
import { useScheme } from "../../theme.ts";
import { levelColour, levelLabel, LEVELS } from "./levels.ts";
import css from "./level-filter.module.css";

interface LevelFilterProps {
  /** None means all. */
  readonly chosen: readonly string[];
  readonly totals: Readonly<Record<string, number>>;
  readonly onChange: (levels: readonly string[]) => void;
}

/** One switch per level, with its number of lines; switches together mean any of them. */
export const LevelFilter = ({ chosen, totals, onChange }: LevelFilterProps) => {
  const scheme = useScheme();
  const toggle = (level: string): void =>
    onChange(chosen.includes(level) ? chosen.filter((other) => other !== level) : LEVELS.filter((other) => other === level || chosen.includes(other)));
  return (
    <div className={css.filter} role="group" aria-label="Levels">
      {LEVELS.map((level) => (
        <button
          key={level}
          type="button"
          className={css.level}
          aria-pressed={chosen.includes(level)}
          data-off={(chosen.length > 0 && !chosen.includes(level)) || undefined}
          onClick={() => toggle(level)}
        >
          <span className={css.dot} style={{ background: levelColour(level, scheme) }} />
          {levelLabel(level)}
          {(totals[level] ?? 0) > 0 && <span className={css.count}>{formatShortCount(totals[level])}</span>}
        </button>
      ))}
    </div>
  );
};
