import { NativeSelect } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { JournalEntry } from "../../../../lib/domain/api/journal.ts";
import { EVENT_KINDS, type EventKind } from "../../../../lib/domain/journal.ts";
import { readPages } from "../../api/queries.ts";
import { Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Paged } from "../../parts/paged.tsx";
import { PageHead, Panel } from "../../parts/panel.tsx";
import table from "../../parts/table.module.css";
import { exactText } from "../../parts/time-text.ts";
import { valueText } from "../../parts/value-text.ts";

const route = getRouteApi("/p/$project/journal");

/** Who did that? */
export function JournalPage() {
  const { project } = route.useParams();
  const { kind, subject } = route.useSearch();
  const navigate = route.useNavigate();
  const journal = useInfiniteQuery(readPages("listJournal", { query: { project, kind, subject } }));
  return (
    <>
      <PageHead title="Journal" note="Everything that was decided: by whom, when and why. Nothing in it is ever changed." />
      <Panel
        title="Decisions"
        flush
        aside={
          <>
            {subject !== undefined && (
              <Link to="/p/$project/journal" params={{ project }} search={{ kind }}>
                only {subject}: show all
              </Link>
            )}
            <NativeSelect
              size="xs"
              aria-label="Kind"
              value={kind ?? ""}
              onChange={(event) =>
                void navigate({
                  search: { subject, kind: EVENT_KINDS.find((known) => known === event.currentTarget.value) },
                  replace: true,
                })
              }
              data={[{ value: "", label: "All kinds" }, ...EVENT_KINDS.map((value) => ({ value, label: value }))]}
            />
          </>
        }
      >
        <Paged
          query={journal}
          empty={
            <Empty title="No decision of this kind yet">Applied specs, added files, runs, promotions and roll-backs stand here.</Empty>
          }
        >
          {(items) => <DataTable label="Journal" rows={items} columns={columnsFor(project, kind)} rowKey={({ id }) => String(id)} />}
        </Paged>
      </Panel>
    </>
  );
}

const columnsFor = (project: string, kind: EventKind | undefined): readonly Column<JournalEntry>[] => [
  { name: "When", cell: ({ at }) => <time dateTime={at}>{exactText(at)}</time> },
  { name: "Who", cell: ({ actor }) => actor },
  { name: "What", head: true, cell: (entry) => entry.kind },
  {
    name: "About",
    cell: ({ subject }) =>
      subject === null ? (
        "–"
      ) : (
        <Link to="/p/$project/journal" params={{ project }} search={{ kind, subject }} className={table.mono}>
          {subject}
        </Link>
      ),
  },
  { name: "Details", wrap: true, muted: true, cell: ({ payload }) => valueText(payload) },
];
