import { ident, literal, openDuckdb } from "../store/duckdb.ts";

/** Lines whose time an earlier row of their recording has too, ascending, and whether they say the same as that row. */
export interface RepeatedTimes {
  readonly lines: Float64Array;
  readonly same: Uint8Array;
}

export interface Search {
  /** A clean Parquet file that still holds all rows. */
  readonly parquet: string;
  readonly channels: readonly string[];
  /** Samples of one row. */
  readonly samples: number;
  readonly folder: string;
  readonly memoryMb: number;
  readonly threads: number;
}

/**
 * Rows that repeat a time of their recording. The first in the file's order stands; what follows is either the same again
 * (every sample's values and label) or a contradiction. Files whose times always grow are not searched.
 */
export async function findRepeatedTimes({ parquet, channels, samples, folder, memoryMb, threads }: Search): Promise<RepeatedTimes> {
  await using duckdb = await openDuckdb({ folder, memoryMb, threads, readable: [parquet] });
  await duckdb.run(`CREATE VIEW cleaned AS SELECT * FROM read_parquet(${literal(parquet)})`);
  await duckdb.run(`
    CREATE TEMP TABLE repeated AS
    SELECT line, first FROM (
      SELECT line, min(line) OVER (PARTITION BY recording, at_us) AS first
      FROM (SELECT * FROM cleaned WHERE index % ${samples} = 0)
      SEMI JOIN (SELECT recording, at_us FROM cleaned WHERE index % ${samples} = 0 GROUP BY ALL HAVING count(*) > 1) USING (recording, at_us)
    ) WHERE line <> first`);
  const different = ["label", ...channels].map((column) => `mine.${ident(column)} IS DISTINCT FROM theirs.${ident(column)}`).join(" OR ");
  const rows = await duckdb.rows<{ line: number; same: boolean }>(`
    SELECT repeated.line, NOT bool_or(${different}) AS same
    FROM repeated
    JOIN cleaned mine ON mine.line = repeated.line
    JOIN cleaned theirs ON theirs.line = repeated.first AND theirs.index % ${samples} = mine.index % ${samples}
    GROUP BY ALL ORDER BY 1`);
  return { lines: Float64Array.from(rows, (row) => row.line), same: Uint8Array.from(rows, (row) => Number(row.same)) };
}
