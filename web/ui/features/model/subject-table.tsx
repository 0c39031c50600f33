import type { Metrics } from "../../../../lib/domain/metrics-schema.ts";
import { countText, shareOfText } from "../../parts/number-text.ts";
import { Panel } from "../../parts/panel.tsx";
import { ShareBar } from "../../parts/share-bar.tsx";
import table from "../../parts/table.module.css";

/** People from the worst served to the best: an average hides the one it fails. */
export function SubjectTable({ subjects }: { readonly subjects: Metrics["subjects"] }) {
  const ordered = subjects.toSorted((left, right) => left.accuracy - right.accuracy);
  return (
    <Panel title="Per subject" flush aside="worst first">
      <div className={table.tall} tabIndex={0} role="region" aria-label="Per subject, scrollable">
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Subject</th>
              <th scope="col">Accuracy</th>
              <th scope="col" className={table.number}>
                Windows
              </th>
            </tr>
          </thead>
          <tbody>
            {ordered.map(({ subject, windows, accuracy }) => (
              <tr key={subject}>
                <th scope="row" className={table.mono}>
                  {subject}
                </th>
                <td>
                  <ShareBar share={accuracy} text={shareOfText(accuracy, windows)} />
                </td>
                <td className={table.number}>{countText(windows)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
