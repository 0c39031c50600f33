import { SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type DataFile, FILE_STATES } from "../../../../lib/domain/api/data.ts";
import { readPages } from "../../api/queries.ts";
import { Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Count } from "../../parts/figures.tsx";
import { bytesText, countText } from "../../parts/number-text.ts";
import { Paged } from "../../parts/paged.tsx";
import { Panel } from "../../parts/panel.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { statusOf } from "../../parts/status-table.ts";
import table from "../../parts/table.module.css";
import { Ago } from "../../parts/when.tsx";

type FileState = DataFile["state"];

const COLUMNS: readonly Column<DataFile>[] = [
  { name: "File", head: true, wrap: true, cell: (file) => <FileName file={file} /> },
  { name: "State", cell: ({ state, cleaning }) => <StatusBadge state={state === "staged" ? (cleaning?.state ?? "staged") : state} /> },
  { name: "Rows in", number: true, cell: ({ cleaning }) => <Count value={cleaning?.rowsIn} /> },
  { name: "Ok", number: true, cell: ({ cleaning }) => <Count value={cleaning?.rowsOk} /> },
  { name: "Quarantined", number: true, cell: (file) => <Quarantined file={file} /> },
  { name: "Duplicate", number: true, cell: ({ cleaning }) => <Count value={cleaning?.rowsDuplicate} /> },
  { name: "Size", number: true, from: "wide", cell: ({ bytes }) => bytesText(bytes) },
  { name: "Came in", from: "wide", cell: ({ createdAt }) => <Ago time={createdAt} /> },
];

function FileName({ file: { name, error, cleaning } }: { readonly file: DataFile }) {
  const problem = error ?? cleaning?.error ?? null;
  return (
    <>
      {name}
      {problem !== null && (
        <div className={table.muted}>
          {problem.code}: {problem.message} {problem.remedy}
        </div>
      )}
    </>
  );
}

function Quarantined({ file: { id, project, cleaning } }: { readonly file: DataFile }) {
  const rows = cleaning?.rowsQuarantined ?? 0;
  if (rows === 0) return <Count value={cleaning?.rowsQuarantined} />;
  return (
    <Link to="/p/$project/data" params={{ project }} search={{ tab: "quarantine", file: id }}>
      {countText(rows)}
    </Link>
  );
}

interface FileTableProps {
  readonly project: string;
  readonly state: FileState | undefined;
  readonly onState: (state: FileState | undefined) => void;
}

export function FileTable({ project, state, onState }: FileTableProps) {
  const files = useInfiniteQuery(readPages("listFiles", { params: { project }, query: { state } }));
  return (
    <Panel
      title="Files"
      flush
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Show files by state"
          value={state ?? "all"}
          onChange={(value) => onState(FILE_STATES.find((known) => known === value))}
          data={[{ value: "all", label: "All" }, ...FILE_STATES.map((value) => ({ value, label: statusOf(value).word }))]}
        />
      }
    >
      <Paged
        query={files}
        empty={
          state === undefined ? (
            <Empty title="No files yet" command={`npx sensorloop data add ${project} PATH`}>
              A folder, a file, an https or an s3 address; each is checked and kept as it came.
            </Empty>
          ) : (
            <Empty title={`No file is ${statusOf(state).word.toLowerCase()}`} />
          )
        }
      >
        {(items) => <DataTable label="Files" rows={items} columns={COLUMNS} rowKey={({ id }) => id} />}
      </Paged>
    </Panel>
  );
}
