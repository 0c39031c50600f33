import type { DuckDBConnection, DuckDBDataChunk, DuckDBVector } from "@duckdb/node-api";

export type Column = Float32Array | Float64Array | Int32Array;

/** Larger results are streamed: held as a whole they stay in memory until the garbage collector, which does not see them, comes by. */
const HELD_ROWS = 2_000_000;

/**
 * A query's result as typed columns of up to 2,048 rows, without an object a row or a value. Every column must be FLOAT,
 * DOUBLE or INTEGER without nulls; the arrays are valid during the call only. A result is held as a whole by DuckDB
 * meanwhile: to stream it costs a turn of the event loop for each chunk, a third of the time for narrow rows.
 * @param rows about how many there will be
 */
export async function readColumns(
  connection: DuckDBConnection,
  sql: string,
  take: (columns: readonly Column[], rows: number) => void,
  rows = 0,
): Promise<void> {
  const takeChunk = (chunk: DuckDBDataChunk) => {
    const columns: Column[] = [];
    for (let column = 0; column < chunk.columnCount; column++)
      columns.push((chunk.getColumnVector(column) as DuckDBVector & { items: Column }).items);
    take(columns, chunk.rowCount);
  };
  if (rows > HELD_ROWS) {
    const result = await connection.stream(sql);
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) takeChunk(chunk);
    return;
  }
  const result = await connection.run(sql);
  for (let index = 0; index < result.chunkCount; index++) takeChunk(result.getChunk(index));
}

/** A query's only column, of text without nulls. */
export async function stringsOf(connection: DuckDBConnection, sql: string): Promise<string[]> {
  const result = await connection.stream(sql);
  const values: string[] = [];
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const value of chunk.getColumnValues(0)) values.push(String(value));
  }
  return values;
}
