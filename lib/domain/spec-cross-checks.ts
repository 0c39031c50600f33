import { checkFeatureStore } from "./features-store/cross-checks.ts";
import { COMMAND_KEYS } from "./annotation/hotkeys.ts";
import { tripletsOf } from "./rotation.ts";
import type { FeaturesSpec, FilesSpec, Spec } from "./spec.ts";

/** Columns of cleaned files that are no channels (lib/ingest). */
const RESERVED: ReadonlySet<string> = new Set(["subject", "recording", "line", "index", "at_us", "label", "extras", "piece"]);

interface Problem {
  readonly path: (string | number)[];
  readonly message: string;
}

/** What a schema alone cannot see: names that must exist elsewhere in the spec, or must not. */
export function* crossChecks(spec: Spec): Generator<Problem> {
  const channels = new Set(spec.files.flatMap((files) => Object.keys(files.channels)));
  for (const [index, files] of spec.files.entries()) yield* checkFiles(files, ["files", index]);
  for (const [index, filter] of spec.filters.entries()) {
    for (const channel of filter.channels) {
      if (!channels.has(channel)) yield { path: ["filters", index, "channels"], message: `no channel '${channel}' exists at this step` };
    }
    if (!("into" in filter) || !filter.into) continue;
    if (filter.into.length !== filter.channels.length)
      yield { path: ["filters", index, "into"], message: "must name one output for each channel" };
    for (const name of filter.into) channels.add(name);
  }
  if (spec.features) yield* checkFeatures(spec.features, channels);
  const twice = spec.labels.classes.find((name, index) => spec.labels.classes.indexOf(name) !== index);
  if (twice !== undefined) yield { path: ["labels", "classes"], message: `the class '${twice}' is named twice` };
  for (const [raw, label] of Object.entries(spec.labels.map)) {
    if (label !== null && !spec.labels.classes.includes(label))
      yield { path: ["labels", "map", raw], message: `'${label}' is not one of the classes` };
  }
  if (spec.annotation?.media) yield* checkPattern(spec.annotation.media.match, ["annotation", "media", "match"]);
  if (spec.synthesise && !spec.describe)
    yield { path: ["synthesise"], message: "needs `describe`: recordings are made up from the statistics alone" };
  if (spec.describe && spec.split.by === "random")
    yield { path: ["describe"], message: "a split at random leaves no row to training alone: split by subject or by recording" };
  yield* checkAnnotation(spec);
  yield* checkSlots(spec);
  yield* checkCuts(spec);
  yield* checkFeatureStore(spec);
  const sampled = spec.windows.kind === "sliding";
  if (sampled && !spec.features && !spec.models.every((model) => model.family === "cnn")) {
    yield { path: ["features"], message: "models other than `cnn` need features when windows are `sliding`" };
  }
}

/** Keys that would answer nothing, or something else. */
function* checkAnnotation({ annotation, labels }: Spec): Generator<Problem> {
  const seen = new Map<string, string>();
  for (const [name, key] of Object.entries(annotation?.hotkeys ?? {})) {
    const path = ["annotation", "hotkeys", name];
    if (!labels.classes.includes(name)) yield { path, message: `'${name}' is not one of the classes` };
    if ((COMMAND_KEYS as readonly string[]).includes(key))
      yield { path, message: `'${key}' is a key of the page's own (${COMMAND_KEYS.join(", ")})` };
    const other = seen.get(key);
    if (other !== undefined) yield { path, message: `'${key}' is the key of '${other}' as well` };
    seen.set(key, name);
  }
}

/** Sensors from which `every` combination is still wanted by somebody; twelve give 4,095. */
const EVERY_OF = 12;

function* checkSlots(spec: Spec): Generator<Problem> {
  const sensors = [...new Set(spec.files.flatMap((files) => Object.values(files.channels).map(({ sensor }) => sensor)))];
  const wanted = spec.evolve?.sensors;
  if (wanted === "every" && sensors.length > EVERY_OF)
    yield { path: ["evolve", "sensors"], message: `${sensors.length} sensors have too many combinations: list those that get models` };
  if (!Array.isArray(wanted)) return;
  for (const [index, set] of wanted.entries()) {
    for (const sensor of set) {
      if (!sensors.includes(sensor)) yield { path: ["evolve", "sensors", index], message: `no channel comes from a sensor '${sensor}'` };
    }
  }
}

/** Windows that models want otherwise, and copies of windows that are turned. */
function* checkCuts(spec: Spec): Generator<Problem> {
  const { windows, models, evolve } = spec;
  const cuts: { path: (string | number)[]; turns: boolean }[] = models.flatMap(({ cut }, index) =>
    cut ? [{ path: ["models", index, "cut"], turns: (cut.rotateDegrees ?? 0) > 0 }] : [],
  );
  if (evolve && evolve.seconds.length > 0) cuts.push({ path: ["evolve", "seconds"], turns: false });
  if (evolve && evolve.rotateDegrees.length > 0)
    cuts.push({ path: ["evolve", "rotateDegrees"], turns: evolve.rotateDegrees.some((degrees) => degrees > 0) });
  if (windows.kind !== "sliding") {
    for (const { path } of cuts) yield { path, message: "only windows of kind `sliding` can be cut otherwise" };
    return;
  }
  if ((windows.rotateDegrees ?? 0) > 0) cuts.push({ path: ["windows", "rotateDegrees"], turns: true });
  const turning = cuts.filter(({ turns }) => turns);
  const triplets = tripletsOf(spec.features);
  const channels = triplets.flat();
  const shared = channels.find((channel, index) => channels.indexOf(channel) !== index);
  for (const { path } of turning) {
    if (triplets.length === 0) yield { path, message: "there is nothing to turn: `features` name no triplet" };
    if (shared !== undefined) yield { path, message: `'${shared}' is in two different triplets and cannot be turned with both` };
  }
}

function* checkFeatures(features: FeaturesSpec, channels: ReadonlySet<string>): Generator<Problem> {
  const unknown = (names: readonly string[]) => names.filter((name) => !channels.has(name));
  const triplets = new Set(features.groups.flatMap((group) => Object.keys(group.triplets)));
  for (const [index, group] of features.groups.entries()) {
    const path = ["features", "groups", index];
    for (const channel of unknown([...group.channels, ...Object.values(group.triplets).flat()])) {
      yield { path, message: `no channel '${channel}' exists after the filters` };
    }
    if (!features.gravity && group.signals.some((signal) => signal === "vertical" || signal === "horizontal")) {
      yield { path: [...path, "signals"], message: "`vertical` and `horizontal` need `features.gravity`" };
    }
  }
  for (const channel of unknown([...(features.gravity?.total ?? []), ...(features.gravity?.body ?? [])])) {
    yield { path: ["features", "gravity"], message: `no channel '${channel}' exists after the filters` };
  }
  if (features.gravity?.formulas && !features.gravity.body) {
    yield { path: ["features", "gravity", "formulas"], message: "need `body`: without it gravity is constant in a window" };
  }
  for (const [index, { left, right }] of features.cross.entries()) {
    for (const name of [left, right]) {
      if (!triplets.has(name)) yield { path: ["features", "cross", index], message: `no triplet '${name}' is named in the groups` };
    }
  }
  if (features.bandsHz.some((edge, index) => index > 0 && edge <= features.bandsHz[index - 1]!)) {
    yield { path: ["features", "bandsHz"], message: "must ascend" };
  }
}

function* checkPattern(text: string, path: (string | number)[]): Generator<Problem, RegExp | undefined> {
  try {
    return new RegExp(text);
  } catch (error) {
    yield { path, message: `is not a regular expression: ${(error as Error).message}` };
    return undefined;
  }
}

function* checkFiles(files: FilesSpec, path: (string | number)[]): Generator<Problem> {
  const pattern = yield* checkPattern(files.match, [...path, "match"]);
  const groups = new Set([...files.match.matchAll(/\(\?<([^>]+)>/g)].map((found) => found[1]));
  for (const field of ["subject", "recording", "label"] as const) {
    const origin = files[field];
    if (pattern && origin && "fileName" in origin && !groups.has(origin.fileName)) {
      yield { path: [...path, field, "fileName"], message: `\`match\` has no group named '${origin.fileName}'` };
    }
  }
  if (files.format.headerRows === 0 && files.format.type === "csv" && !files.format.columns) {
    yield { path: [...path, "format", "columns"], message: "is required when there is no header row" };
  }
  for (const name of Object.keys(files.channels)) {
    if (RESERVED.has(name)) yield { path: [...path, "channels", name], message: "is the name of a column that every cleaned file has" };
  }
  yield* checkColumns(files, path);
  yield* checkProfiles(files, path);
  if (files.role === "intervals" && (!files.interval || !files.label)) {
    yield { path: [...path, "interval"], message: "`role: intervals` needs `interval` and `label`" };
  }
  if (files.role === "samples" && Object.keys(files.channels).length === 0) {
    yield { path: [...path, "channels"], message: "`role: samples` needs at least one channel" };
  }
}

/** A file of people has one row a person and nothing that is measured over time. */
function* checkProfiles(files: FilesSpec, path: (string | number)[]): Generator<Problem> {
  if (files.role !== "profiles") {
    if (files.profile) yield { path: [...path, "profile"], message: "belongs to `role: profiles`" };
    return;
  }
  if (Object.keys(files.profile ?? {}).length === 0)
    yield { path: [...path, "profile"], message: "`role: profiles` needs `profile` with at least one column" };
  const foreign = {
    channels: Object.keys(files.channels).length > 0,
    recording: files.recording !== undefined,
    label: files.label !== undefined,
    interval: files.interval !== undefined,
    time: files.time.kind === "column",
    extra: files.extra.length > 0,
  };
  for (const [name, stated] of Object.entries(foreign)) {
    if (stated) yield { path: [...path, name], message: "has no meaning in `role: profiles`" };
  }
  if (files.format.unfold) yield { path: [...path, "format", "unfold"], message: "has no meaning in `role: profiles`" };
}

/** Without a header the spec itself names every column there is; a name that is not among them would be refused file by file. */
function* checkColumns(files: FilesSpec, path: (string | number)[]): Generator<Problem> {
  const { headerRows, columns, unfold, type } = files.format;
  if (!columns || unfold || (type === "csv" && headerRows > 0)) return;
  const used: (readonly [name: string, where: readonly (string | number)[]])[] = Object.entries(files.channels).map(
    ([channel, { column }]) => [column ?? channel, ["channels", channel]],
  );
  for (const field of ["subject", "recording", "label"] as const) {
    const origin = files[field];
    if (origin && "column" in origin) used.push([origin.column, [field, "column"]]);
    if (origin && "columns" in origin) used.push(...origin.columns.map((name, index) => [name, [field, "columns", index]] as const));
  }
  if (files.time.kind === "column") used.push([files.time.column, ["time", "column"]]);
  if (files.interval) used.push([files.interval.from, ["interval", "from"]], [files.interval.to, ["interval", "to"]]);
  for (const [field, column] of Object.entries(files.profile ?? {})) used.push([column, ["profile", field]]);
  for (const [name, where] of used) {
    if (!columns.includes(name)) yield { path: [...path, ...where], message: `no column '${name}' is named in \`format.columns\`` };
  }
  const doubled = columns.find((name, index) => columns.indexOf(name) !== index);
  if (doubled !== undefined) yield { path: [...path, "format", "columns"], message: `the column '${doubled}' is named twice` };
}
