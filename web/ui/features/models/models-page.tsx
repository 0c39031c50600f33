import { NativeSelect } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { read, readPages } from "../../api/queries.ts";
import { Empty } from "../../parts/answer.tsx";
import { EstimateFigure } from "../../parts/figures.tsx";
import { Paged } from "../../parts/paged.tsx";
import { PageHead, Panel } from "../../parts/panel.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import table from "../../parts/table.module.css";
import { Ago } from "../../parts/when.tsx";

const route = getRouteApi("/p/$project/models");

/** Which model is better? */
export function ModelsPage() {
  const { project } = route.useParams();
  const { slot } = route.useSearch();
  const navigate = route.useNavigate();
  const champions = useQuery(read("listChampions", { params: { project } }));
  const models = useInfiniteQuery(readPages("listModels", { params: { project }, query: { slot } }));
  const slots = [...new Set([...(champions.data?.items ?? []).map((champion) => champion.slot), ...(slot === undefined ? [] : [slot])])];
  return (
    <>
      <PageHead title="Models" note="Figures are on the holdout: people the model has never seen." />
      <Panel
        title="All models"
        flush
        aside={
          slots.length > 0 && (
            <NativeSelect
              size="xs"
              aria-label="Slot"
              value={slot ?? ""}
              onChange={(event) => void navigate({ search: { slot: event.currentTarget.value || undefined }, replace: true })}
              data={[{ value: "", label: "All slots" }, ...slots.map((value) => ({ value, label: value }))]}
            />
          )
        }
      >
        <Paged
          query={models}
          empty={
            <Empty title="No model yet" command={`npx sensorloop run start ${project} --wait`}>
              A run trains one model for each family that the spec names.
            </Empty>
          }
        >
          {(items) => (
            <div className={table.scroll} tabIndex={0} role="region" aria-label="Models, scrollable">
              <table className={table.table}>
                <thead>
                  <tr>
                    <th scope="col">Model</th>
                    <th scope="col">State</th>
                    <th scope="col">Family</th>
                    <th scope="col" className={table.number}>
                      Macro F1
                    </th>
                    <th scope="col" className={table.number}>
                      Accuracy
                    </th>
                    <th scope="col">Slot</th>
                    <th scope="col">Run</th>
                    <th scope="col">Made</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((model) => (
                    <tr key={model.id}>
                      <th scope="row">
                        <Link to="/p/$project/models/$model" params={{ project, model: model.id }} className={table.mono}>
                          {model.id}
                        </Link>
                      </th>
                      <td>
                        <StatusBadge state={model.champion ? "champion" : model.state} />
                      </td>
                      <td>{model.family}</td>
                      <td className={table.number}>{model.macroF1 === null ? "–" : <EstimateFigure estimate={model.macroF1} />}</td>
                      <td className={table.number}>{model.accuracy === null ? "–" : <EstimateFigure estimate={model.accuracy} />}</td>
                      <td>{model.slot}</td>
                      <td>
                        <Link to="/p/$project/runs/$run" params={{ project, run: model.run }} className={table.mono}>
                          {model.run}
                        </Link>
                      </td>
                      <td>
                        <Ago time={model.createdAt} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Paged>
      </Panel>
    </>
  );
}
