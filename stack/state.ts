import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { STATE_FILE } from "../lib/config.ts";
import type { VariableName } from "../lib/config-variables.ts";
import { SensorloopError } from "../lib/domain/errors.ts";
import { exists } from "./exists.ts";

const portSchema = z.number().int().positive();

const stateSchema = z.object({
  version: z.literal(1),
  /** What `lib/config.ts` reads: addresses and keys of what was started here, under the names of the environment's variables. */
  settings: z.record(z.string(), z.string()),
  ports: z
    .object({ postgres: portSchema, objects: portSchema, temporal: portSchema, temporalUi: portSchema, temporalHttp: portSchema })
    .partial(),
  /** Where each service keeps its data and which program it is, for status and doctor. */
  services: z.record(z.string(), z.object({ program: z.string(), version: z.string(), origin: z.string(), folder: z.string() })),
  tensorflow: z.object({ backend: z.enum(["native", "wasm"]), reason: z.string() }).optional(),
  demo: z.object({ run: z.string() }).optional(),
});

export type StackState = z.infer<typeof stateSchema>;
export type PortName = keyof StackState["ports"];
export type Settings = Partial<Record<VariableName, string>>;

/** The stack's memory of one data folder: ports, keys and what was found. Only its owner may read the file. */
export interface StateFile {
  readonly dataDir: string;
  readonly state: Readonly<StackState>;
  /** Writes the changes before it resolves; a reader sees the file of before or of after. */
  update(change: Partial<Omit<StackState, "version" | "settings">> & { readonly settings?: Settings }): Promise<void>;
}

/**
 * Reads the state of a data folder, or begins one with new random keys.
 * @throws SensorloopError CONFIG_INVALID when there are data without the keys that belong to them
 */
export async function openState(dataDir: string): Promise<StateFile> {
  // Root's Postgres runs as nobody and must be able to pass through.
  await mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  const path = join(dataDir, STATE_FILE);
  let state = (await readState(path)) ?? (await begin(dataDir, path));
  let writing = Promise.resolve();
  const update: StateFile["update"] = ({ settings, ...rest }) => {
    state = { ...state, ...rest, settings: { ...state.settings, ...(settings as Record<string, string>) } };
    const text = JSON.stringify(state, null, 2);
    writing = writing.catch(() => undefined).then(() => write(path, text));
    return writing;
  };
  await update({});
  return {
    dataDir,
    get state() {
      return state;
    },
    update,
  };
}

/** Null where nothing has been started yet. */
export async function readState(path: string): Promise<StackState | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SensorloopError("CONFIG_INVALID", `${path} is damaged; restore it from a backup: it holds the keys of the data beside it`, {
      cause,
    });
  }
}

export const newSecret = (bytes = 32): string => randomBytes(bytes).toString("hex");

async function begin(dataDir: string, path: string): Promise<StackState> {
  if (await exists(join(dataDir, "objects"))) {
    throw new SensorloopError(
      "CONFIG_INVALID",
      `${path} is gone, and with it the keys of the data in ${dataDir}; restore it from a backup, or move the folder away to begin anew`,
    );
  }
  return {
    version: 1,
    settings: {
      SENSORLOOP_PEPPER: newSecret(),
      SENSORLOOP_SESSION_SECRET: newSecret(),
    } satisfies Settings,
    ports: {},
    services: {},
  };
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
