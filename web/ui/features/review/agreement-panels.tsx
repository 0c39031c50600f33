import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Agreement } from "../../../../lib/domain/api/labels.ts";
import { estimateText, shareOfText } from "../../../../lib/domain/estimate-text.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Headline } from "../../parts/figures.tsx";
import { countText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { ShareBar } from "../../parts/share-bar.tsx";
import { agreementText, alphaText, pairMatrix, pairText, weakestClass } from "./agreement-words.ts";
import classes from "./agreement-panels.module.css";

/** How far annotators agree, on what they don't, and how each of them does. */
export function AgreementPanels({ project }: { readonly project: string }) {
  const agreement = useQuery(read("showAgreement", { params: { project } }));
  return (
    <Answer query={agreement} lines={8}>
      {(data) => <Panels agreement={data} project={project} />}
    </Answer>
  );
}

function Panels({ agreement, project }: { readonly agreement: Agreement; readonly project: string }) {
  const { overall, perClass, pairs, annotators, confusions } = agreement;
  return (
    <div className={classes.grid}>
      <Stack gap="md">
        <Panel title="Agreement" aside="Krippendorff's alpha: 1 is perfect, 0 is chance">
          <Headline
            name="All classes"
            value={agreementText(overall.alpha)}
            note={`${alphaText(overall.alpha)}; ${countText(overall.items)} samples with two answers or more`}
          />
        </Panel>
        <Estimate project={project} />
        <Panel title="Per class" flush aside="least agreed on first">
          {perClass.length === 0 ? (
            <Empty title="No sample has two answers yet">The spec's `annotation.overlap` says how many are asked of several people.</Empty>
          ) : (
            <DataTable
              label="Agreement per class"
              rows={perClass.toSorted((one, other) => (one.alpha ?? 2) - (other.alpha ?? 2))}
              columns={PER_CLASS}
              rowKey={({ label }) => label}
            />
          )}
        </Panel>
        <Panel title="Taken for each other" flush aside="most often first">
          {confusions.length === 0 ? (
            <Empty title="No two annotators disagreed" />
          ) : (
            <DataTable
              label="Classes taken for each other"
              rows={confusions.toSorted((one, other) => other.count - one.count)}
              columns={CONFUSIONS}
              rowKey={({ a, b }) => JSON.stringify([a, b])}
            />
          )}
        </Panel>
      </Stack>
      <Stack gap="md">
        <Panel title="Annotators" flush>
          {annotators.length === 0 ? (
            <Empty title="Nobody has labelled yet" />
          ) : (
            <DataTable label="Annotators" rows={annotators} columns={ANNOTATORS} rowKey={({ account }) => account} />
          )}
        </Panel>
        <Pairs pairs={pairs} />
      </Stack>
    </div>
  );
}

/** How good the champion is by the answers to tasks that were drawn at random, beside the figure of its holdout. */
function Estimate({ project }: { readonly project: string }) {
  const annotation = useQuery(read("showAnnotation", { params: { project } }));
  return (
    <Panel title="The champion, by random samples" aside="of what nobody had labelled">
      <Answer query={annotation} lines={2}>
        {({ estimate }) =>
          estimate === null ? (
            <Empty title="No random sample is answered yet">The queue has some where the spec's `annotation.tasks.random` is not 0.</Empty>
          ) : (
            <Headline
              name="Accuracy"
              value={estimateText(estimate.accuracy)}
              note={`of ${countText(estimate.answered)} random samples, by what people say of them; 95 % interval`}
            />
          )
        }
      </Answer>
    </Panel>
  );
}

const PER_CLASS: readonly Column<Agreement["perClass"][number]>[] = [
  { name: "Class", head: true, cell: ({ label }) => label },
  { name: "Alpha", cell: ({ alpha }) => <ShareBar share={alpha === null ? null : Math.max(0, alpha)} text={agreementText(alpha)} /> },
  { name: "Samples", number: true, cell: ({ items }) => countText(items) },
];

const CONFUSIONS: readonly Column<Agreement["confusions"][number]>[] = [
  { name: "One says", head: true, cell: ({ a }) => a },
  { name: "the other", cell: ({ b }) => b },
  { name: "Times", number: true, cell: ({ count }) => countText(count) },
];

const ANNOTATORS: readonly Column<Agreement["annotators"][number]>[] = [
  { name: "Annotator", head: true, cell: ({ account }) => account },
  { name: "Labels", number: true, cell: ({ labels }) => countText(labels) },
  {
    name: "Median time",
    number: true,
    cell: ({ medianSeconds }) => (medianSeconds === null ? "–" : `${medianSeconds.toFixed(medianSeconds < 10 ? 1 : 0)} s`),
  },
  { name: "As decided", number: true, cell: ({ agreement, labels }) => shareOfText(agreement, labels) },
  {
    name: "Gold right",
    number: true,
    cell: ({ gold, goldItems }) => (goldItems === 0 ? "–" : `${shareOfText(gold, goldItems)} of ${countText(goldItems)}`),
  },
];

/** Cohen's kappa of each two, over what both answered, with the class they agree on least; every class is in the tooltip. */
function Pairs({ pairs }: Pick<Agreement, "pairs">) {
  const { accounts, cells } = pairMatrix(pairs);
  return (
    <Panel title="Pairs" flush aside="Cohen's kappa">
      {accounts.length === 0 ? (
        <Empty title="No two annotators have answered the same samples" />
      ) : (
        <div className={classes.scroll} tabIndex={0} role="region" aria-label="Pairs of annotators, scrollable">
          <table className={classes.pairs}>
            <thead>
              <tr>
                <td />
                {accounts.map((account) => (
                  <th key={account} scope="col">
                    {account}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {accounts.map((account, row) => (
                <tr key={account}>
                  <th scope="row">{account}</th>
                  {accounts.map((other, column) => {
                    const cell = cells[row]?.[column] ?? null;
                    const weakest = cell && weakestClass(cell);
                    return (
                      <td
                        key={other}
                        data-low={(cell !== null && cell.kappa !== null && cell.kappa < 0.6) || undefined}
                        title={cell === null ? undefined : pairText(account, other, cell)}
                      >
                        {cell === null ? "" : agreementText(cell.kappa)}
                        {cell !== null && <span className={classes.items}>{countText(cell.items)}</span>}
                        {weakest && (
                          <span className={classes.items}>
                            {weakest.label} {agreementText(weakest.kappa)}
                          </span>
                        )}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
