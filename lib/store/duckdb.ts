import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBConnection, type DuckDBValue } from "@duckdb/node-api";
import { SensorloopError } from "../domain/errors.ts";

export interface DuckdbOptions {
  /** May be read and written; what does not fit into memory goes there too. */
  readonly folder: string;
  /** Of DuckDB's buffers; the process takes up to some 200 MB more. */
  readonly memoryMb: number;
  readonly threads: number;
  /** Files and folders that may be read besides `folder`. */
  readonly readable?: readonly string[];
}

export interface Duckdb extends AsyncDisposable {
  readonly connection: DuckDBConnection;
  /** @throws SensorloopError STORAGE_FULL, OUT_OF_MEMORY; else DuckDB's own error */
  run(sql: string, values?: DuckDBValue[]): Promise<void>;
  /** All rows as objects; whole numbers of 64 bits are BigInts. @throws as `run` */
  rows<Row = Record<string, DuckDBValue>>(sql: string, values?: DuckDBValue[]): Promise<Row[]>;
}

/**
 * A DuckDB of one's own, in memory, that can reach nothing but the files it was opened for: no other path, no network,
 * no extension, and no setting can be changed afterwards. Its SQL may therefore hold names that came from users, as long
 * as they went through `ident` and `literal`.
 */
export async function openDuckdb({ folder, memoryMb, threads, readable = [] }: DuckdbOptions): Promise<Duckdb> {
  const temporary = join(folder, "duckdb");
  await mkdir(temporary, { recursive: true });
  const instance = await DuckDBInstance.create(":memory:", {
    threads: String(threads),
    memory_limit: `${Math.floor(memoryMb)}MB`,
    temp_directory: temporary,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  const close = () => {
    connection.closeSync();
    instance.closeSync();
  };
  const guarded = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw translate(error);
    }
  };
  try {
    const [folders, files] = await sortPaths([folder, ...readable]);
    await connection.run(`SET allowed_directories = [${folders.map((path) => literal(`${path}/`)).join(", ")}]`);
    await connection.run(`SET allowed_paths = [${files.map(literal).join(", ")}]`);
    await connection.run("SET enable_external_access = false");
    await connection.run("SET lock_configuration = true");
  } catch (error) {
    close();
    throw translate(error);
  }
  return {
    connection,
    run: (sql, values) => guarded(async () => void (await connection.run(sql, values))),
    rows: <Row>(sql: string, values?: DuckDBValue[]) =>
      guarded(async () => (await connection.runAndReadAll(sql, values)).getRowObjects() as Row[]),
    [Symbol.asyncDispose]: () => Promise.resolve(close()),
  };
}

/** A name as SQL writes it: any text but NUL, which no identifier can hold. */
export function ident(name: string): string {
  if (name.includes("\0")) throw new SensorloopError("NUL_BYTES", "a name with a NUL byte cannot be used in a query");
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL writes it, for the places that take no bound value: file names, options, column types. */
export function literal(value: string): string {
  if (value.includes("\0")) throw new SensorloopError("NUL_BYTES", "a text with a NUL byte cannot be used in a query");
  return `'${value.replaceAll("'", "''")}'`;
}

async function sortPaths(paths: readonly string[]): Promise<[folders: string[], files: string[]]> {
  const folders: string[] = [];
  const files: string[] = [];
  for (const path of paths) ((await stat(path)).isDirectory() ? folders : files).push(path);
  return [folders, files];
}

function translate(error: unknown): unknown {
  const message = error instanceof Error ? error.message : "";
  if (/No space left on device|max_temp_directory_size|failed to offload/i.test(message)) {
    return new SensorloopError("STORAGE_FULL", "the scratch volume is full", { cause: error });
  }
  if (message.startsWith("Out of Memory Error")) {
    return new SensorloopError("OUT_OF_MEMORY", "DuckDB needs more memory than the job was given", { cause: error });
  }
  return error;
}
