import { NativeSelect, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Comparison } from "../../../../lib/domain/api/models.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { Notice } from "../../parts/notice.tsx";
import { PageHead, Panel } from "../../parts/panel.tsx";
import { ClassDifferences, FigureTable, GenomeDifferences, SubjectDifferences } from "./comparison-tables.tsx";
import { comparisonSentence } from "./comparison-text.ts";
import classes from "./compare-page.module.css";

const route = getRouteApi("/p/$project/models/compare");

/** Which of two is better, and for whom? Differences are of the second against the first, on the same people. */
export function ComparePage() {
  const { project } = route.useParams();
  const { a, b } = route.useSearch();
  return (
    <>
      <PageHead
        title="Compare"
        note="Two models on the same holdout. Intervals are of the difference, with both asked about the same people."
        actions={
          <>
            <ModelChoice project={project} side="a" label="First model" />
            <ModelChoice project={project} side="b" label="Second model" />
          </>
        }
      />
      {a === undefined || b === undefined || a === b ? (
        <Empty title="Choose two models">The leaderboard of a slot leads here too, each model with the slot's champion.</Empty>
      ) : (
        <Compared a={a} b={b} />
      )}
    </>
  );
}

function Compared({ a, b }: { readonly a: string; readonly b: string }) {
  const comparison = useQuery(read("compareModels", { query: { a, b } }));
  return (
    <Answer query={comparison} lines={10}>
      {(compared) => <Sides comparison={compared} />}
    </Answer>
  );
}

function Sides({ comparison }: { readonly comparison: Comparison }) {
  const { comparable, reason, paired, perClass, subjects, a, b } = comparison;
  return (
    <>
      <Notice tone={comparable ? "neutral" : "attention"} title={comparable ? comparisonSentence(comparison) : "They can't be compared"}>
        {reason !== null
          ? `${reason}. A run that evaluates both on its snapshot makes them comparable.`
          : paired === "people"
            ? "They cut recordings into windows otherwise, so they are compared person by person, each on its own windows."
            : undefined}
      </Notice>
      <div className={classes.grid}>
        <Stack gap="md">
          <Panel title="Side by side" flush>
            <FigureTable comparison={comparison} />
          </Panel>
          {perClass.length > 0 && (
            <Panel title="F1 per class" flush aside="the largest losses first">
              <ClassDifferences perClass={perClass} />
            </Panel>
          )}
          <Panel title="What differs in the genomes" flush>
            <GenomeDifferences a={a} b={b} />
          </Panel>
        </Stack>
        {subjects.length > 0 && (
          <Panel title="Accuracy per subject" flush aside="the largest differences first">
            <SubjectDifferences subjects={subjects} />
          </Panel>
        )}
      </div>
      <p>
        <Link to="/p/$project/models/$model" params={{ project: a.project, model: a.id }}>
          {a.id}
        </Link>
        {" · "}
        <Link to="/p/$project/models/$model" params={{ project: b.project, model: b.id }}>
          {b.id}
        </Link>
      </p>
    </>
  );
}

interface ModelChoiceProps {
  readonly project: string;
  readonly side: "a" | "b";
  readonly label: string;
}

/** Models that were evaluated, newest first; the one in the address is always among them. */
function ModelChoice({ project, side, label }: ModelChoiceProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const models = useQuery(read("listModels", { params: { project }, query: { limit: 200 } }));
  const evaluated = (models.data?.items ?? []).filter(({ macroF1 }) => macroF1 !== null);
  const chosen = search[side] ?? "";
  const data = evaluated.map(({ id, family, champion, slot }) => ({
    value: id,
    label: `${id} (${family}${champion ? `, champion of ${slot}` : ""})`,
  }));
  const known = data.some(({ value }) => value === chosen);
  return (
    <NativeSelect
      size="sm"
      className={classes.choice}
      aria-label={label}
      value={chosen}
      onChange={(event) => {
        const value = event.currentTarget.value || undefined;
        void navigate({ search: (before) => ({ ...before, [side]: value }), replace: true });
      }}
      data={[{ value: "", label }, ...(known || chosen === "" ? [] : [{ value: chosen, label: chosen }]), ...data]}
    />
  );
}
