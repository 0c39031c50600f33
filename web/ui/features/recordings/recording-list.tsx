import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { RecordingSummary } from "../../../../lib/domain/api/signals.ts";
import { recordingName } from "../../../../lib/domain/recording-id.ts";
import { readPages } from "../../api/queries.ts";
import { Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { countText } from "../../parts/number-text.ts";
import { Paged } from "../../parts/paged.tsx";
import { PageHead, Panel } from "../../parts/panel.tsx";

const route = getRouteApi("/p/$project/recordings");

/** Which recording to look at first: the one that the model doubts most. */
export function RecordingList({ project }: { readonly project: string }) {
  const { search } = route.useSearch();
  const navigate = route.useNavigate();
  const [text, setText] = useState(search ?? "");
  const [wanted] = useDebouncedValue(text.trim() === "" ? undefined : text.trim(), 250);
  useEffect(() => {
    if (wanted !== search) void navigate({ search: { search: wanted }, replace: true });
  }, [wanted, search, navigate]);
  const recordings = useInfiniteQuery(readPages("listRecordings", { params: { project }, query: { search: wanted } }));
  return (
    <>
      <PageHead title="Recordings" note="What the champion has answered, the least confident first. One opens from end to end." />
      <Panel
        title="Recordings"
        flush
        aside={
          <TextInput
            size="xs"
            aria-label="Search by name or subject"
            placeholder="Name or subject"
            maxLength={200}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        }
      >
        <Paged
          query={recordings}
          empty={
            <Empty title={wanted === undefined ? "No predictions yet" : `Nothing is called '${wanted}'`}>
              Recordings stand here as soon as a champion has answered them.
            </Empty>
          }
        >
          {(items) => (
            <DataTable label="Recordings" rows={items} columns={columnsFor(project)} rowKey={(row) => `${row.subject}\n${row.recording}`} />
          )}
        </Paged>
      </Panel>
    </>
  );
}

function columnsFor(project: string): Column<RecordingSummary>[] {
  return [
    {
      name: "Recording",
      head: true,
      cell: ({ subject, recording }) => (
        <Link to="/p/$project/recordings" params={{ project }} search={{ subject, recording }}>
          {recordingName(recording)}
        </Link>
      ),
    },
    { name: "Subject", mono: true, muted: true, from: "wide", cell: ({ subject }) => subject },
    { name: "Confidence", number: true, cell: ({ confidence }) => (confidence === null ? "–" : `${Math.round(100 * confidence)} %`) },
    { name: "Predictions", number: true, from: "middle", cell: ({ predictions }) => countText(predictions) },
    { name: "Labels", number: true, cell: ({ labels }) => countText(labels) },
  ];
}
