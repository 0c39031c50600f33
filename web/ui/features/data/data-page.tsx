import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { DataCounts } from "../../../../lib/domain/api/data.ts";
import { read } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Answer } from "../../parts/answer.tsx";
import { Headline } from "../../parts/figures.tsx";
import { bytesText, countText, percentText } from "../../parts/number-text.ts";
import { PageHead } from "../../parts/panel.tsx";
import { CohortPanels } from "./cohort-panels.tsx";
import { DistributionPanels } from "./distribution-panels.tsx";
import { FeaturePanels } from "./feature-panels.tsx";
import { FileTable } from "./file-table.tsx";
import { QuarantinePanels } from "./quarantine-panels.tsx";
import { SnapshotTable } from "./snapshot-table.tsx";
import { UploadPanel } from "./upload-panel.tsx";
import classes from "./data-page.module.css";

const route = getRouteApi("/p/$project/data");
const TABS = ["files", "snapshots", "quarantine", "cohorts", "distributions", "features"] as const;

/** Can I trust what came in? */
export function DataPage() {
  const { project } = route.useParams();
  const { tab = "files", state, rule, file, channel, cohort, set } = route.useSearch();
  const navigate = route.useNavigate();
  const mayAdd = useMay("data.add", project);
  const counts = useQuery(read("countData", { params: { project } }));
  return (
    <>
      <PageHead
        title="Data"
        note="What came in, what was kept, what was refused and why; and what the training data is like."
        actions={mayAdd && <UploadPanel project={project} />}
      />
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
          <Tabs.Tab value="cohorts">Cohorts</Tabs.Tab>
          <Tabs.Tab value="distributions">Distributions</Tabs.Tab>
          <Tabs.Tab value="features">Features</Tabs.Tab>
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
        <Tabs.Panel value="cohorts">
          <CohortPanels project={project} />
        </Tabs.Panel>
        <Tabs.Panel value="distributions">
          <DistributionPanels
            project={project}
            channel={channel}
            cohort={cohort}
            onChoose={(choice) => void navigate({ search: { tab: "distributions", channel, cohort, ...choice }, replace: true })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="features">
          <FeaturePanels project={project} set={set} />
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
