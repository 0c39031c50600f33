import type { ModelDetail } from "../../../../lib/domain/api/models.ts";
import { Panel } from "../../parts/panel.tsx";
import { Ago } from "../../parts/when.tsx";
import { Empty } from "../../parts/answer.tsx";
import table from "../../parts/table.module.css";

/** Its times as champion, newest first. */
export function ReignList({ reigns }: { readonly reigns: ModelDetail["reigns"] }) {
  return (
    <Panel title="As champion" flush>
      {reigns.length === 0 ? (
        <Empty title="It has never been champion" />
      ) : (
        <div className={table.scroll} tabIndex={0} role="region" aria-label="Times as champion, scrollable">
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col">Until</th>
                <th scope="col">By</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {reigns.map(({ since, until, by, why }) => (
                <tr key={since}>
                  <td>
                    <Ago time={since} />
                  </td>
                  <td>{until === null ? "now" : <Ago time={until} />}</td>
                  <td>{by}</td>
                  <td className={table.wrap}>{why === "" ? "–" : why}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
