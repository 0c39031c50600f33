import { Button } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { call } from "../../api/client.ts";
import { read, readPages } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Answer, Empty, FailureNote } from "../../parts/answer.tsx";
import { countText } from "../../parts/number-text.ts";
import { Paged } from "../../parts/paged.tsx";
import { Panel } from "../../parts/panel.tsx";
import table from "../../parts/table.module.css";
import { ReplayNotice } from "./replay-notice.tsx";
import classes from "./data-page.module.css";

interface QuarantinePanelsProps {
  readonly project: string;
  readonly rule: string | undefined;
  readonly file: string | undefined;
}

/** Refused rows: by rule, then one by one with the line as it came. */
export function QuarantinePanels({ project, rule, file }: QuarantinePanelsProps) {
  const queryClient = useQueryClient();
  const mayReplay = useMay("quarantine.replay", project);
  const rules = useQuery(read("listQuarantine", { params: { project } }));
  const rows = useInfiniteQuery(readPages("listQuarantineRows", { params: { project }, query: { rule, file } }));
  const replay = useMutation({
    mutationFn: () => call("replayQuarantine", { params: { project } }),
    onSuccess: (started) => queryClient.setQueryData(read("showReplay", { params: { project } }).queryKey, started),
  });
  return (
    <div className={classes.stack}>
      {replay.error !== null && <FailureNote error={replay.error} />}
      <ReplayNotice project={project} />
      <Panel
        title="By rule"
        flush
        aside={
          mayReplay && (
            <Button
              size="xs"
              variant="default"
              loading={replay.isPending}
              onClick={() => replay.mutate()}
              title="Clean again, with the newest spec, what was refused"
            >
              Replay
            </Button>
          )
        }
      >
        <Answer query={rules}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="Nothing in quarantine">Every row that came in is in the data, or is a duplicate of one that is.</Empty>
            ) : (
              <div className={table.scroll} tabIndex={0} role="region" aria-label="Rules, scrollable">
                <table className={table.table}>
                  <thead>
                    <tr>
                      <th scope="col">Rule</th>
                      <th scope="col" className={table.number}>
                        Rows
                      </th>
                      <th scope="col" className={table.number}>
                        Files
                      </th>
                      <th scope="col">For example</th>
                    </tr>
                  </thead>
                  <tbody>
                    {items.map((item) => (
                      <tr key={item.rule}>
                        <th scope="row">
                          <Link
                            to="/p/$project/data"
                            params={{ project }}
                            search={{ tab: "quarantine", rule: item.rule === rule ? undefined : item.rule }}
                            aria-current={item.rule === rule || undefined}
                          >
                            {item.rule}
                          </Link>
                        </th>
                        <td className={table.number}>{countText(item.rows)}</td>
                        <td className={table.number}>{countText(item.files)}</td>
                        <td className={table.wrap}>{item.example}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )
          }
        </Answer>
      </Panel>
      <Panel
        title={rule === undefined ? "Rows" : `Rows refused by '${rule}'`}
        flush
        aside={
          (rule !== undefined || file !== undefined) && (
            <Link to="/p/$project/data" params={{ project }} search={{ tab: "quarantine" }}>
              Show all
            </Link>
          )
        }
      >
        <Paged query={rows} empty={<Empty title="No refused row" />}>
          {(items) => (
            <div className={table.scroll} tabIndex={0} role="region" aria-label="Refused rows, scrollable">
              <table className={table.table}>
                <thead>
                  <tr>
                    <th scope="col">File</th>
                    <th scope="col" className={table.number}>
                      Line
                    </th>
                    <th scope="col">Rule</th>
                    <th scope="col">Column</th>
                    <th scope="col">Reason</th>
                    <th scope="col">As it came</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((row) => (
                    <tr key={`${row.file}/${row.line}/${row.rule}`}>
                      <th scope="row">{row.fileName}</th>
                      <td className={table.number}>{countText(row.line)}</td>
                      <td>{row.rule}</td>
                      <td>{row.column ?? "–"}</td>
                      <td className={table.wrap}>{row.reason}</td>
                      <td className={`${table.wrap} ${table.mono}`}>{row.raw}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Paged>
      </Panel>
    </div>
  );
}
