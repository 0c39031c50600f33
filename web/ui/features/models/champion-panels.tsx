import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Champion, Reign } from "../../../../lib/domain/api/models.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { EstimateFigure } from "../../parts/figures.tsx";
import { Panel } from "../../parts/panel.tsx";
import table from "../../parts/table.module.css";
import { exactText } from "../../parts/time-text.ts";
import { Ago } from "../../parts/when.tsx";

/** Who serves every slot now, and the history of the slot that is looked at. Its champion's page promotes and rolls back. */
export function ChampionPanels({ project, slot }: { readonly project: string; readonly slot: string }) {
  const champions = useQuery(read("listChampions", { params: { project } }));
  const reigns = useQuery(read("listReigns", { params: { project }, query: { slot } }));
  return (
    <Stack gap="md">
      <Panel title="Serving now" flush>
        <Answer query={champions}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No champion yet">The first model that passes the gate becomes it.</Empty>
            ) : (
              <DataTable label="Champions" rows={items} columns={CHAMPIONS} rowKey={(champion) => champion.slot} />
            )
          }
        </Answer>
      </Panel>
      <Panel title={`History of ${slot}`} flush aside="newest first">
        <Answer query={reigns}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="This slot never had a champion" />
            ) : (
              <DataTable label="History of champions" rows={items} columns={REIGNS} rowKey={({ since }) => since} />
            )
          }
        </Answer>
      </Panel>
    </Stack>
  );
}

function ModelLink({ project, model }: { readonly project: string; readonly model: string }) {
  return (
    <Link to="/p/$project/models/$model" params={{ project, model }} className={table.mono}>
      {model}
    </Link>
  );
}

const CHAMPIONS: readonly Column<Champion>[] = [
  { name: "Slot", head: true, cell: ({ slot }) => slot },
  { name: "Model", cell: ({ project, model }) => <ModelLink project={project} model={model} /> },
  { name: "Macro F1", number: true, cell: ({ macroF1 }) => <EstimateFigure estimate={macroF1} /> },
  { name: "Accuracy", number: true, from: "middle", cell: ({ accuracy }) => <EstimateFigure estimate={accuracy} /> },
  { name: "Since", cell: ({ since }) => <Ago time={since} /> },
  { name: "By", from: "wide", cell: ({ by }) => by },
];

const REIGNS: readonly Column<Reign>[] = [
  { name: "Since", cell: ({ since }) => <time dateTime={since}>{exactText(since)}</time> },
  { name: "Until", cell: ({ until }) => (until === null ? "now" : <time dateTime={until}>{exactText(until)}</time>) },
  { name: "Model", head: true, cell: ({ slot, model }) => <ModelLink project={slot.split("/")[0] ?? ""} model={model} /> },
  { name: "How", cell: ({ kind }) => (kind === "model.promoted" ? "promoted" : "rolled back to") },
  { name: "By", cell: ({ by }) => by },
  { name: "Why", wrap: true, cell: ({ why }) => (why === "" ? "–" : why) },
];
