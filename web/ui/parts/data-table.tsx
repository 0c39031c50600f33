import { Fragment, type ReactNode } from "react";
import classes from "./table.module.css";

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ReactNode;
  /** It names the row. */
  readonly head?: boolean;
  /** Figures, below each other. */
  readonly number?: boolean;
  /** Text that may take several lines. */
  readonly wrap?: boolean;
  readonly mono?: boolean;
  readonly muted?: boolean;
  /** Where it is narrower than this the column stands back: `middle` 40 rem, `wide` 50 rem of the table's own width. */
  readonly from?: "middle" | "wide";
  readonly className?: string | undefined;
}

interface DataTableProps<Row> {
  /** What it lists, for screen readers. */
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowKey: (row: Row) => string;
  /** Scrolls in itself beyond this many lines of screen. */
  readonly tall?: boolean;
  /** A line of its own below a row; null for none. */
  readonly below?: (row: Row) => ReactNode;
  /** What rows are told apart by in styles. */
  readonly marks?: (row: Row) => Readonly<Record<`data-${string}`, string | true | undefined>>;
}

/** Every table of the app but the confusion matrix: one look, one way to scroll by keyboard, one way to stand back on a phone. */
export function DataTable<Row>({ label, rows, columns, rowKey, tall = false, below, marks }: DataTableProps<Row>) {
  return (
    <div className={`${classes.scroll} ${tall ? classes.tall : ""}`} tabIndex={0} role="region" aria-label={`${label}, scrollable`}>
      <table className={classes.table}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" className={namesOf({ ...column, wrap: false, mono: false })}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const more = below?.(row) ?? null;
            return (
              <Fragment key={rowKey(row)}>
                <tr {...marks?.(row)}>
                  {columns.map((column) =>
                    column.head === true ? (
                      <th key={column.name} scope="row" className={namesOf(column)}>
                        {column.cell(row)}
                      </th>
                    ) : (
                      <td key={column.name} className={namesOf(column)}>
                        {column.cell(row)}
                      </td>
                    ),
                  )}
                </tr>
                {more !== null && (
                  <tr className={classes.below}>
                    <td colSpan={columns.length}>{more}</td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function namesOf<Row>({ number, wrap, mono, muted, from, className }: Column<Row>): string | undefined {
  const names = [
    number === true && classes.number,
    wrap === true && classes.wrap,
    mono === true && classes.mono,
    muted === true && classes.muted,
    from !== undefined && classes[from],
    className,
  ].filter(Boolean);
  return names.length === 0 ? undefined : names.join(" ");
}
