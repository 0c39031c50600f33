import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { DataCounts } from "../../../../lib/domain/api/data.ts";
import { read } from "../../api/queries.ts";
import { Answer } from "../../parts/answer.tsx";
import { Headline } from "../../parts/figures.tsx";
import { bytesText, countText, percentText } from "../../parts/number-text.ts";
import { PageHead } from "../../parts/panel.tsx";
import { FileTable } from "./file-table.tsx";
import { QuarantinePanels } from "./quarantine-panels.tsx";
import { SnapshotTable } from "./snapshot-table.tsx";
import classes from "./data-page.module.css";

const route = getRouteApi("/p/$project/data");
const TABS = ["files", "snapshots", "quarantine"] as const;

/** Can I trust what came in? */
export function DataPage() {
  const { project } = route.useParams();
  const { tab = "files", state, rule, file } = route.useSearch();
  const navigate = route.useNavigate();
  const counts = useQuery(read("countData", { params: { project } }));
  return (
    <>
      <PageHead title="Data" note="What came in, what was kept, and what was refused and why." />
      <Answer query={counts} lines={3}>
        {(data) => <Sums counts={data} />}
      </Answer>
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) => void navigate({ search: { tab: TABS.find((known) => known === value) }, replace: true })}
        variant="default"
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="files">Files</Tabs.Tab>
          <Tabs.Tab value="snapshots">Snapshots</Tabs.Tab>
          <Tabs.Tab value="quarantine">Quarantine</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="files">
          <FileTable
            project={project}
            state={state}
            onState={(next) => void navigate({ search: { tab: "files", state: next }, replace: true })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="snapshots">
          <SnapshotTable project={project} />
        </Tabs.Panel>
        <Tabs.Panel value="quarantine">
          <QuarantinePanels project={project} rule={rule} file={file} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** `rows in = ok + quarantined + duplicate`, as the sum it is. */
function Sums({ counts }: { readonly counts: DataCounts }) {
  const { rowsIn, rowsOk, rowsQuarantined, rowsDuplicate, files } = counts;
  return (
    <div className={classes.sums}>
      <Headline name="Rows in" value={countText(rowsIn)} note={`${countText(files.staged)} files, ${bytesText(counts.bytes)}`} />
      <span className={classes.sign} aria-hidden>
        =
      </span>
      <Headline name="Ok" value={countText(rowsOk)} note={percentText(rowsOk, rowsIn)} />
      <span className={classes.sign} aria-hidden>
        +
      </span>
      <Headline name="Quarantined" value={countText(rowsQuarantined)} note={percentText(rowsQuarantined, rowsIn)} />
      <span className={classes.sign} aria-hidden>
        +
      </span>
      <Headline name="Duplicate" value={countText(rowsDuplicate)} note={percentText(rowsDuplicate, rowsIn)} />
      <Headline name="Refused files" value={countText(files.refused)} note={`${countText(files.duplicate)} known under another name`} />
    </div>
  );
}
