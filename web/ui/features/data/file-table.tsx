import { SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type DataFile, FILE_STATES } from "../../../../lib/domain/api/data.ts";
import { readPages } from "../../api/queries.ts";
import { Empty } from "../../parts/answer.tsx";
import { Count } from "../../parts/figures.tsx";
import { bytesText, countText } from "../../parts/number-text.ts";
import { Paged } from "../../parts/paged.tsx";
import { Panel } from "../../parts/panel.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { statusOf } from "../../parts/status-table.ts";
import table from "../../parts/table.module.css";
import { Ago } from "../../parts/when.tsx";

type FileState = DataFile["state"];

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
        {(items) => (
          <div className={table.scroll} tabIndex={0} role="region" aria-label="Files, scrollable">
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">File</th>
                  <th scope="col">State</th>
                  <th scope="col" className={table.number}>
                    Rows in
                  </th>
                  <th scope="col" className={table.number}>
                    Ok
                  </th>
                  <th scope="col" className={table.number}>
                    Quarantined
                  </th>
                  <th scope="col" className={table.number}>
                    Duplicate
                  </th>
                  <th scope="col" className={`${table.number} ${table.wide}`}>
                    Size
                  </th>
                  <th scope="col" className={table.wide}>
                    Came in
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((file) => (
                  <FileRow key={file.id} project={project} file={file} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Paged>
    </Panel>
  );
}

function FileRow({ project, file }: { readonly project: string; readonly file: DataFile }) {
  const { cleaning } = file;
  const problem = file.error ?? cleaning?.error ?? null;
  const quarantined = cleaning?.rowsQuarantined ?? 0;
  return (
    <tr>
      <th scope="row" className={table.wrap}>
        {file.name}
        {problem !== null && (
          <div className={table.muted}>
            {problem.code}: {problem.message} {problem.remedy}
          </div>
        )}
      </th>
      <td>
        <StatusBadge state={file.state === "staged" ? (cleaning?.state ?? "staged") : file.state} />
      </td>
      <td className={table.number}>
        <Count value={cleaning?.rowsIn} />
      </td>
      <td className={table.number}>
        <Count value={cleaning?.rowsOk} />
      </td>
      <td className={table.number}>
        {quarantined === 0 ? (
          <Count value={cleaning?.rowsQuarantined} />
        ) : (
          <Link to="/p/$project/data" params={{ project }} search={{ tab: "quarantine", file: file.id }}>
            {countText(quarantined)}
          </Link>
        )}
      </td>
      <td className={table.number}>
        <Count value={cleaning?.rowsDuplicate} />
      </td>
      <td className={`${table.number} ${table.wide}`}>{bytesText(file.bytes)}</td>
      <td className={table.wide}>
        <Ago time={file.createdAt} />
      </td>
    </tr>
  );
}
