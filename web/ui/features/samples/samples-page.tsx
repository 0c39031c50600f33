import { NativeSelect } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Prediction } from "../../../../lib/domain/api/predictions.ts";
import { shareText } from "../../../../lib/domain/estimate-text.ts";
import { recordingName } from "../../../../lib/domain/recording-id.ts";
import { read, readPages } from "../../api/queries.ts";
import { Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { countText } from "../../parts/number-text.ts";
import { Paged } from "../../parts/paged.tsx";
import { PageHead, Panel } from "../../parts/panel.tsx";
import { ShareBar } from "../../parts/share-bar.tsx";
import { WindowSignal } from "../../signal/window-signal.tsx";
import { samplesTitle } from "./samples-title.ts";
import { SendToAnnotators } from "./send-to-annotators.tsx";
import classes from "./samples-page.module.css";

const route = getRouteApi("/p/$project/samples");

/** Which samples are behind a cell of the confusion matrix, and what do they look like? */
export function SamplesPage() {
  const { project } = route.useParams();
  const search = route.useSearch();
  const { model, split = "holdout", actual, predicted } = search;
  return (
    <>
      <PageHead
        title={samplesTitle(actual, predicted)}
        note={
          model === undefined ? undefined : (
            <>
              Single answers of{" "}
              <Link to="/p/$project/models/$model" params={{ project, model }}>
                {model}
              </Link>{" "}
              on the {split} data
            </>
          )
        }
        actions={
          model !== undefined && <SendToAnnotators project={project} model={model} split={split} actual={actual} predicted={predicted} />
        }
      />
      {model === undefined ? (
        <Empty title="Choose a cell">
          A cell of the confusion matrix on a champion's page opens its samples here:{" "}
          <Link to="/p/$project/models" params={{ project }} search={{ tab: "champions" }}>
            champions
          </Link>
          .
        </Empty>
      ) : (
        <div className={classes.grid} data-open={search.recording !== undefined || undefined}>
          <Samples project={project} model={model} />
          <Chosen project={project} />
        </div>
      )}
    </>
  );
}

function Samples({ project, model }: { readonly project: string; readonly model: string }) {
  const search = route.useSearch();
  const { split = "holdout", actual, predicted, order = "doubtful" } = search;
  const navigate = route.useNavigate();
  const detail = useQuery(read("showModel", { params: { model } }));
  const samples = useInfiniteQuery(
    readPages("listPredictions", { params: { project }, query: { model, split, actual, predicted, order } }),
  );
  const known = detail.data?.evaluations.find((one) => one.split === "holdout")?.metrics.confusion.classes ?? [];
  const change = (part: object) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const columns: readonly Column<Prediction>[] = [
    {
      name: "Sample",
      head: true,
      cell: (sample) => (
        <Link
          to="/p/$project/samples"
          params={{ project }}
          search={{ ...search, ...placeOf(sample) }}
          replace
          resetScroll={false}
          aria-current={isOpen(sample, search) ? "true" : undefined}
        >
          {recordingName(sample.recording)}, {countText(sample.from)} to {countText(sample.to)}
        </Link>
      ),
      wrap: true,
    },
    { name: "Confidence", cell: ({ confidence }) => <ShareBar share={confidence} text={shareText(confidence, 2)} /> },
    // What is the same in every row stands above them.
    ...(actual === undefined ? [{ name: "Actual", cell: (sample: Prediction) => sample.actual ?? "not labelled" }] : []),
    ...(predicted === undefined ? [{ name: "Predicted", cell: (sample: Prediction) => sample.predicted }] : []),
    { name: "Subject", mono: true, from: "wide", cell: ({ subject }) => subject },
  ];
  return (
    <Panel
      title="Samples"
      flush
      aside={
        <>
          <ClassChoice label="Actual" value={actual} known={known} onChange={(value) => change({ actual: value })} />
          <ClassChoice label="Predicted" value={predicted} known={known} onChange={(value) => change({ predicted: value })} />
          <NativeSelect
            size="xs"
            aria-label="Order"
            value={order}
            onChange={(event) => change({ order: event.currentTarget.value })}
            data={[
              { value: "doubtful", label: "least confident first" },
              { value: "newest", label: "newest first" },
            ]}
          />
        </>
      }
    >
      <Paged
        query={samples}
        empty={
          <Empty title="No single answers are kept">
            A model that a run promotes scores the holdout and whatever has no label, and only those answers are kept one by one.
          </Empty>
        }
      >
        {(items) => (
          <DataTable
            label="Samples"
            rows={items}
            columns={columns}
            rowKey={(sample) => JSON.stringify(placeOf(sample))}
            marks={(sample) => ({ "data-open": isOpen(sample, search) || undefined })}
          />
        )}
      </Paged>
    </Panel>
  );
}

type Place = Partial<Pick<Prediction, "recording" | "subject" | "from" | "to">>;
const placeOf = ({ recording, subject, from, to }: Place): Place => ({ recording, subject, from, to });
const isOpen = (sample: Place, open: Place) => JSON.stringify(placeOf(sample)) === JSON.stringify(placeOf(open));

function Chosen({ project }: { readonly project: string }) {
  const { recording, subject, from, to, actual, predicted } = route.useSearch();
  if (recording === undefined || subject === undefined || from === undefined || to === undefined) {
    return (
      <Panel title="Signal">
        <Empty title="Open a sample">Its window is shown in its recording, with what lies before and after.</Empty>
      </Panel>
    );
  }
  return (
    <Panel title={recordingName(recording)} aside={[actual, predicted].filter(Boolean).join(" → ")}>
      <WindowSignal
        key={`${subject}/${recording}/${from}/${to}`}
        project={project}
        subject={subject}
        recording={recording}
        window={{ from, to }}
      />
    </Panel>
  );
}

interface ClassChoiceProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly known: readonly string[];
  readonly onChange: (value: string | undefined) => void;
}

function ClassChoice({ label, value, known, onChange }: ClassChoiceProps) {
  const names = value === undefined || known.includes(value) ? known : [value, ...known];
  return (
    <NativeSelect
      size="xs"
      aria-label={label}
      value={value ?? ""}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      data={[{ value: "", label: `${label.toLowerCase()}: any` }, ...names.map((name) => ({ value: name, label: name }))]}
    />
  );
}
