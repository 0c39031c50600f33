import { Button } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { QuarantineRow, QuarantineRule } from "../../../../lib/domain/api/data.ts";
import { call } from "../../api/client.ts";
import { read, readPages } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Answer, Empty, FailureNote } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { countText } from "../../parts/number-text.ts";
import { Paged } from "../../parts/paged.tsx";
import { Panel } from "../../parts/panel.tsx";
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
              <DataTable label="Rules" rows={items} columns={ruleColumns(project, rule)} rowKey={(item) => item.rule} />
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
            <DataTable
              label="Refused rows"
              rows={items}
              columns={ROW_COLUMNS}
              rowKey={(row) => `${row.file}/${row.line}/${row.rule}/${row.column}`}
            />
          )}
        </Paged>
      </Panel>
    </div>
  );
}

/** A rule's name shows its rows alone; once more shows all again. */
const ruleColumns = (project: string, chosen: string | undefined): readonly Column<QuarantineRule>[] => [
  {
    name: "Rule",
    head: true,
    cell: ({ rule }) => (
      <Link
        to="/p/$project/data"
        params={{ project }}
        search={{ tab: "quarantine", rule: rule === chosen ? undefined : rule }}
        aria-current={rule === chosen || undefined}
      >
        {rule}
      </Link>
    ),
  },
  { name: "Rows", number: true, cell: ({ rows }) => countText(rows) },
  { name: "Files", number: true, cell: ({ files }) => countText(files) },
  { name: "For example", wrap: true, cell: ({ example }) => example },
];

const ROW_COLUMNS: readonly Column<QuarantineRow>[] = [
  { name: "File", head: true, cell: ({ fileName }) => fileName },
  { name: "Line", number: true, cell: ({ line }) => countText(line) },
  { name: "Rule", cell: ({ rule }) => rule },
  { name: "Column", cell: ({ column }) => column ?? "–" },
  { name: "Reason", wrap: true, cell: ({ reason }) => reason },
  { name: "As it came", wrap: true, mono: true, cell: ({ raw }) => raw },
];
