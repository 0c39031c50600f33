import { useEffect, useState } from "react";
import { agoText, exactText } from "./time-text.ts";

/** The present time, moving on every `everyMs`; null stands still (nothing on screen counts). */
export function useNow(everyMs: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (everyMs === null) return;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Relative, with the exact time on hover. */
export function Ago({ time }: { readonly time: string }) {
  const now = useNow(10_000);
  return (
    <time dateTime={time} title={exactText(time)}>
      {agoText(time, now)}
    </time>
  );
}
