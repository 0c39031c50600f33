import type { Metrics } from "../../../lib/domain/metrics-schema.ts";
import { countText, shareOfText } from "./number-text.ts";
import table from "./table.module.css";
import { ShareBar } from "./share-bar.tsx";

/** Precision, recall and F1 per class, in the digits its support allows. */
export function ClassTable({ perClass }: { readonly perClass: Metrics["perClass"] }) {
  return (
    <div className={table.scroll} tabIndex={0} role="region" aria-label="Per class, scrollable">
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col">F1</th>
            <th scope="col" className={table.number}>
              Precision
            </th>
            <th scope="col" className={table.number}>
              Recall
            </th>
            <th scope="col" className={table.number}>
              Windows
            </th>
          </tr>
        </thead>
        <tbody>
          {perClass.map(({ label, support, predicted, precision, recall, f1 }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>
                <ShareBar share={f1} text={shareOfText(f1, support)} />
              </td>
              <td className={table.number}>{shareOfText(precision, predicted)}</td>
              <td className={table.number}>{shareOfText(recall, support)}</td>
              <td className={table.number}>{countText(support)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
