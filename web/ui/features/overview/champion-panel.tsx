import { Link } from "@tanstack/react-router";
import type { Champion } from "../../../../lib/domain/api/models.ts";
import type { Overview } from "../../../../lib/domain/api/overview.ts";
import { estimateText } from "../../../../lib/domain/estimate-text.ts";
import { Empty } from "../../parts/answer.tsx";
import { EstimateHeadline } from "../../parts/metrics-summary.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Sparkline } from "../../parts/sparkline.tsx";
import { exactText } from "../../parts/time-text.ts";
import { Ago } from "../../parts/when.tsx";
import classes from "./champion-panel.module.css";

interface ChampionPanelProps {
  readonly project: string;
  readonly champions: readonly Champion[];
  readonly trend: Overview["trend"];
}

/** Who serves each slot, since when and why; and how the candidates have done from run to run. */
export function ChampionPanel({ project, champions, trend }: ChampionPanelProps) {
  const points = trend.flatMap(({ run, at, macroF1, promoted }) =>
    macroF1 === null
      ? []
      : [
          {
            value: macroF1.value,
            marked: promoted,
            name: `${run}, ${exactText(at)}: macro F1 ${estimateText(macroF1)}${promoted ? ", promoted" : ""}`,
          },
        ],
  );
  return (
    <Panel
      title={champions.length > 1 ? "Champions" : "Champion"}
      aside={
        <Link to="/p/$project/models" params={{ project }}>
          All models
        </Link>
      }
    >
      {champions.length === 0 && <Empty title="No champion yet">The first model that passes the gate becomes it.</Empty>}
      {champions.map((champion) => (
        <div key={champion.slot} className={classes.champion}>
          <div className={classes.figures}>
            {champion.macroF1 !== null && <EstimateHeadline name="Macro F1" estimate={champion.macroF1} />}
            {champion.accuracy !== null && <EstimateHeadline name="Accuracy" estimate={champion.accuracy} />}
          </div>
          <Link to="/p/$project/models/$model" params={{ project, model: champion.model }} className={classes.model}>
            {champion.model}
          </Link>
          <p className={classes.note}>
            {champion.slot}, since <Ago time={champion.since} />
            {champion.why !== "" && `: ${champion.why}`}
          </p>
        </div>
      ))}
      {points.length > 1 && (
        <figure className={classes.trend}>
          <Sparkline
            points={points}
            label={`Macro F1 of the last ${points.length} candidates, from ${points[0]?.name} to ${points.at(-1)?.name}`}
          />
          <figcaption>Macro F1 of the last {points.length} candidates; full points were promoted</figcaption>
        </figure>
      )}
    </Panel>
  );
}
