import type { RefObject } from "react";
import type { SignalInfo } from "../../../lib/domain/api/signals.ts";
import classes from "./signal-media.module.css";

interface SignalMediaProps {
  readonly media: NonNullable<SignalInfo["media"]>;
  readonly label: string;
  /** For `usePlayback`, which keeps it in step with the signal. */
  readonly element: RefObject<HTMLMediaElement | null>;
}

/** The video or sound that was taken with a recording. */
export function SignalMedia({ media, label, element }: SignalMediaProps) {
  const common = { src: media.url, controls: true, preload: "metadata", "aria-label": label } as const;
  return media.kind === "video" ? (
    <video ref={element as RefObject<HTMLVideoElement | null>} className={classes.video} playsInline muted {...common} />
  ) : (
    <audio ref={element as RefObject<HTMLAudioElement | null>} className={classes.audio} {...common} />
  );
}
