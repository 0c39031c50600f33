import { ActionIcon, Button } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import classes from "./playback-bar.module.css";
import type { Playback } from "./use-playback.ts";

/** Plays and pauses, slower and faster. Space does the first in the viewer; the page may give keys to the others. */
export function PlaybackBar({ playing, speed, toggle, faster }: Playback) {
  const Icon = playing ? IconPlayerPause : IconPlayerPlay;
  return (
    <div className={classes.bar} role="group" aria-label="Playing">
      <ActionIcon variant="default" size="lg" aria-label={playing ? "Pause" : "Play"} onClick={toggle}>
        <Icon size={18} aria-hidden />
      </ActionIcon>
      <Button variant="default" size="xs" aria-label="Slower" onClick={() => faster(-1)}>
        −
      </Button>
      <output className={classes.speed} aria-label="Speed">
        {speed}×
      </output>
      <Button variant="default" size="xs" aria-label="Faster" onClick={() => faster(1)}>
        +
      </Button>
    </div>
  );
}
