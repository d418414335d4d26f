import { Button } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import css from "./live-button.module.css";

interface LiveButtonProps {
  readonly live: boolean;
  /** Why nothing moves although it is on, if so. */
  readonly paused?: string | undefined;
  readonly onChange: (live: boolean) => void;
}

/** Turns live refresh on and off, and says when it waits. */
export const LiveButton = ({ live, paused, onChange }: LiveButtonProps) => {
  const waiting = live && paused !== undefined;
  return (
    <Button
      variant="default"
      className={css.button}
      aria-pressed={live}
      title={waiting ? paused : live ? "Stop live refresh" : "Refresh by itself"}
      leftSection={live && !waiting ? <span className={css.pulse} /> : waiting ? <IconPlayerPause size={14} /> : <IconPlayerPlay size={14} />}
      onClick={() => onChange(!live)}
    >
      {waiting ? "Paused" : "Live"}
    </Button>
  );
};
