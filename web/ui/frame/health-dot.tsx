import { Popover, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { StreamState } from "../api/event-stream.ts";
import { read } from "../api/queries.ts";
import { FailureNote } from "../parts/answer.tsx";
import { ServiceList } from "../parts/service-list.tsx";
import classes from "./health-dot.module.css";

const EVERY_MS = 15_000;

/** One word for everything the page leans on; a click names the service, since when, and what to do. */
export function HealthDot({ stream }: { readonly stream: StreamState }) {
  const services = useQuery({ ...read("services", {}), refetchInterval: EVERY_MS, retry: false });
  const down = services.data?.services.filter(({ ok }) => !ok) ?? [];
  const unreachable = services.error !== null;
  const tone = unreachable ? "bad" : down.length > 0 ? "attention" : "good";
  const word = unreachable
    ? "Server not answering"
    : down.length > 0
      ? `${down.map(({ name }) => name).join(", ")} down`
      : stream === "lost"
        ? "Reconnecting"
        : "Healthy";
  return (
    <Popover position="bottom-end" width={340} shadow="md" trapFocus={false} withinPortal={false}>
      <Popover.Target>
        <UnstyledButton
          className={classes.dot}
          data-tone={stream === "lost" && tone === "good" ? "attention" : tone}
          aria-label={`Health: ${word}`}
        >
          <span className={classes.light} aria-hidden />
          <span className={classes.word}>{word}</span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        {services.error !== null && <FailureNote error={services.error} />}
        {services.data !== undefined && <ServiceList services={services.data.services} />}
        <p className={classes.stream}>
          {stream === "live" ? "This page updates by itself." : "Live updates are interrupted; trying again by itself."}
        </p>
      </Popover.Dropdown>
    </Popover>
  );
}
