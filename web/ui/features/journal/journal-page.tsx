import { NativeSelect } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { EVENT_KINDS } from "../../../../lib/domain/journal.ts";
import { readPages } from "../../api/queries.ts";
import { Empty } from "../../parts/answer.tsx";
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
          {(items) => (
            <div className={table.scroll} tabIndex={0} role="region" aria-label="Journal, scrollable">
              <table className={table.table}>
                <thead>
                  <tr>
                    <th scope="col">When</th>
                    <th scope="col">Who</th>
                    <th scope="col">What</th>
                    <th scope="col">About</th>
                    <th scope="col">Details</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((entry) => (
                    <tr key={entry.id}>
                      <td>
                        <time dateTime={entry.at}>{exactText(entry.at)}</time>
                      </td>
                      <td>{entry.actor}</td>
                      <th scope="row">{entry.kind}</th>
                      <td>
                        {entry.subject === null ? (
                          "–"
                        ) : (
                          <Link
                            to="/p/$project/journal"
                            params={{ project }}
                            search={{ kind, subject: entry.subject }}
                            className={table.mono}
                          >
                            {entry.subject}
                          </Link>
                        )}
                      </td>
                      <td className={`${table.wrap} ${table.muted}`}>{valueText(entry.payload)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Paged>
      </Panel>
    </>
  );
}
