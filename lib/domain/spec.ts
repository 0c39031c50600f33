import { z } from "zod";
import { idSchema } from "./ids.ts";
import { annotationSchema, featureStoreSchema, notifySchema, retrainSchema } from "./spec-annotation.ts";
import { crossChecks } from "./spec-cross-checks.ts";

/**
 * The spec: one YAML file that says everything about a project. No data set needs code of its own; what cannot be said
 * here is a missing feature. Reading the file, with line and path of each problem, is in `spec-file.ts`.
 */

const columnName = z.string().min(1).max(120);

/** How the bytes of a kind of file become columns of text. */
const formatSchema = z
  .strictObject({
    type: z.enum(["csv", "arff"]).default("csv"),
    delimiter: z.string().length(1).default(","),
    quote: z.string().length(1).nullable().default('"'),
    /** Lines before the first row. 0 = no header; 2 = names, then types (ignored). Names come from the first. */
    headerRows: z.int().min(0).max(2).default(1),
    /** Names by position; required without a header, and for columns an ARFF file forgot to declare. */
    columns: z.array(columnName).optional(),
    /** Cells that mean "nothing was measured". */
    nulls: z.array(z.string()).default([""]),
    /** Removed from the end of each line before the cells are read (`;` in WISDM's files). */
    rowEnd: z.string().length(1).optional(),
    encoding: z.enum(["utf-8", "utf-16le", "utf-16be", "latin1"]).default("utf-8"),
    /** One row holds this many consecutive samples, in columns named by `pattern`, e.g. `{channel}_{i}`, i from 1. */
    unfold: z.strictObject({ samples: z.int().min(2), pattern: z.string().includes("{channel}").includes("{i}") }).optional(),
  })
  .prefault({});

/** Where a value that belongs to the row comes from: a column, several (a tuple is one identity), the file's name, or a constant. */
const originSchema = z.union([
  z.strictObject({ column: columnName }),
  z.strictObject({ columns: z.array(columnName).min(2) }),
  z.strictObject({ fileName: z.string().describe("a named group of `match`") }),
  z.strictObject({ constant: z.string().min(1) }),
]);

const timeSchema = z.discriminatedUnion("kind", [
  /** Samples follow each other at the channel's rate; the row's place in its recording is its time. */
  z.strictObject({ kind: z.literal("index") }),
  z.strictObject({
    kind: z.literal("column"),
    column: columnName,
    /** `iso` takes dates and date-times, with or without an offset; numbers are since 1970 in the unit named. */
    format: z.enum(["iso", "s", "ms", "us", "ns"]).default("iso"),
    /** Zone of values without an offset. */
    zone: z.string().default("UTC"),
  }),
]);

const channelSchema = z.strictObject({
  column: columnName.optional().describe("defaults to the channel's own name"),
  sensor: idSchema,
  unit: z.string().max(20).optional(),
  /** Multiplied in while cleaning, e.g. 0.10197 for m/s2 to g. */
  scale: z.number().default(1),
  range: z.tuple([z.number(), z.number()]).optional(),
  /** What an empty cell does: refuse the row, keep it as missing, or repeat the last value of the recording. */
  nulls: z.enum(["refuse", "keep", "carry"]).default("refuse"),
});

const filesSchema = z.strictObject({
  /** A regular expression on the file's path inside its folder or archive; named groups can be used below. */
  match: z.string().min(1),
  role: z.enum(["samples", "intervals", "profiles"]).default("samples"),
  format: formatSchema,
  subject: originSchema,
  /** Defaults to one recording a file. */
  recording: originSchema.optional(),
  time: timeSchema.default({ kind: "index" }),
  rateHz: z.number().positive().max(100_000).optional(),
  channels: z.record(idSchema, channelSchema).default({}),
  label: originSchema.optional(),
  /** Columns that are kept beside the rows and shown, but are no channels (weight, repetitions, device). */
  extra: z.array(columnName).default([]),
  /** Only rows with one of these values are read; others are counted as left out of the spec. */
  only: z.record(columnName, z.array(z.string()).min(1)).default({}),
  /** For `role: intervals`: from where to where a label holds, both included. */
  interval: z
    .strictObject({
      from: columnName,
      to: columnName,
      unit: z.enum(["sample", "s", "ms"]).default("sample"),
      base: z.union([z.literal(0), z.literal(1)]).default(1),
    })
    .optional(),
  /** For `role: profiles`, one row a person: the column of each thing that is known of them. */
  profile: z
    .strictObject({
      /** Whole years. */
      age: columnName.optional(),
      /** female, male (or F, M), other; in any case. */
      sex: columnName.optional(),
      /** beginner, intermediate, enthusiast, athlete; in any case. */
      level: columnName.optional(),
      weightKg: columnName.optional(),
      heightCm: columnName.optional(),
    })
    .optional(),
  rules: z
    .strictObject({
      /** Share of refused rows from which the file as a whole is refused. */
      maxBadShare: z.number().min(0).max(1).default(0.05),
      maxLineBytes: z.int().min(100).max(16_000_000).default(1_000_000),
      /** Times outside are refused; the default catches wrong units and unset clocks. */
      timeRange: z.tuple([z.string(), z.string()]).default(["1990-01-01", "2100-01-01"]),
      /** Rows that repeat an earlier one (same subject, recording, time and values) are counted, not kept. */
      duplicates: z.enum(["drop", "keep"]).default("drop"),
    })
    .prefault({}),
});

const labelsSchema = z.strictObject({
  classes: z.array(z.string().min(1).max(80)).min(2),
  /** Raw value to class; a value mapped to null is known and left unlabelled. */
  map: z.record(z.string(), z.string().nullable()).default({}),
  /** A label stands on one row and holds for the rows before it, this long. */
  backfillSeconds: z.number().positive().optional(),
});

/** Steps on the samples of one recording, in order; each names the channels it reads and those it makes. */
const filterSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("median"), channels: z.array(idSchema).min(1), width: z.int().min(3) }),
  /** Causal, direct form II transposed, started at rest on the first sample: b and a as in SciPy's lfilter. */
  z.strictObject({
    kind: z.literal("iir"),
    channels: z.array(idSchema).min(1),
    b: z.array(z.number()).min(1),
    a: z.array(z.number()).min(1),
  }),
  /** `into` names the outputs one by one; without it the channels are replaced. */
  z.strictObject({
    kind: z.enum(["lowpass", "highpass"]),
    channels: z.array(idSchema).min(1),
    order: z.int().min(1).max(8),
    cutoffHz: z.number().positive(),
    into: z.array(idSchema).optional(),
  }),
]);

const windowsSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("sliding"),
    seconds: z.number().positive(),
    overlap: z.number().min(0).max(0.99).default(0.5),
    /** Overlap for training windows; denser windows are cheap extra data. */
    trainOverlap: z.number().min(0).max(0.99).optional(),
    /** `interval`: windows start where a label starts and end inside it. `majority`: on the recording's grid, by most samples. */
    label: z.enum(["majority", "interval"]).default("majority"),
    /** Least share of the window its majority label must hold. */
    minShare: z.number().min(0).max(1).default(0.5),
    /** A gap longer than this ends a stretch; no window spans it. */
    maxGapSeconds: z.number().positive().default(1),
    /**
     * Standard deviation, in degrees, of a random rotation: each training window comes once more with all its triplets
     * turned by the same one, as a device that sits otherwise would have seen it. Without it, or with 0, there are none.
     */
    rotateDegrees: z.number().min(0).max(180).optional(),
  }),
  z.strictObject({ kind: z.literal("recording") }),
  z.strictObject({ kind: z.literal("subject") }),
  /** Each row is an example already; its channels are the features. */
  z.strictObject({ kind: z.literal("row") }),
]);

const triplet = z.tuple([idSchema, idSchema, idSchema]);

/** A group of signals that all get the same formulas; docs/features.md defines every signal and every formula. */
const featureGroupSchema = z.strictObject({
  /** A triplet is x, y, z of one sensor; the derived signals need all three. */
  triplets: z.record(idSchema, triplet).default({}),
  channels: z.array(idSchema).default([]),
  /** Signals of each triplet. `vertical` and `horizontal` are seen along gravity and need `gravity`. */
  signals: z
    .array(z.enum(["axes", "magnitude", "vertical", "horizontal", "principal"]))
    .min(1)
    .default(["axes"]),
  formulas: z.array(z.enum(["time", "level", "log", "autoregression", "autocorrelation", "spectrum", "bands", "summary", "raw"])).min(1),
  /** The first difference of each triplet, per second, as one more triplet with the same signals (but `principal`). */
  jerk: z.boolean().default(false),
  correlations: z.boolean().default(false),
});

const featuresSchema = z.strictObject({
  groups: z.array(featureGroupSchema).min(1),
  /**
   * Gravity is `total` minus `body`, sample by sample; without `body` it is the window's mean of `total`. Its unit mean
   * is "up" for `vertical`, `horizontal` and the angles; `formulas` are applied to its axes and its magnitude.
   */
  gravity: z
    .strictObject({
      total: triplet,
      body: triplet.optional(),
      formulas: featureGroupSchema.shape.formulas.optional(),
      angles: z.boolean().default(true),
    })
    .optional(),
  /** Correlations of each axis of one triplet with each of another, both named in `groups`. */
  cross: z.array(z.strictObject({ left: idSchema, right: idSchema })).default([]),
  /** Edges of `bands` in Hz, ascending; what lies above half the rate is cut off. */
  bandsHz: z.array(z.number().min(0)).min(2).default([0, 0.8, 1.6, 2.4, 3.2, 4.8, 6.4, 9.6, 12.8, 25]),
});

const splitSchema = z.strictObject({
  /** `random` splits windows and leaks people; it is marked as leaking on every report. */
  by: z.enum(["subject", "recording", "random"]).default("subject"),
  holdout: z.union([z.number().min(0.05).max(0.9), z.array(z.string()).min(1)]).default(0.3),
  validation: z.union([z.number().min(0.05).max(0.9), z.array(z.string()).min(1)]).default(0.2),
});

const optimizerSchema = z
  .strictObject({
    kind: z.enum(["sgd", "adam"]).default("adam"),
    learningRate: z.number().positive().max(10).default(0.002),
    momentum: z.number().min(0).max(0.9999).default(0.9),
    nesterov: z.boolean().default(true),
    weightDecay: z.number().min(0).max(1).default(0),
    schedule: z.enum(["constant", "cosine"]).default("cosine"),
    warmupSteps: z.int().min(0).default(0),
  })
  .prefault({});

const trainingFields = {
  batch: z.int().min(1).max(4096).default(64),
  epochs: z.int().min(1).max(1000).default(10),
  labelSmoothing: z.number().min(0).max(0.5).default(0),
  optimizer: optimizerSchema,
};

/** What a genome wants otherwise than the spec's sliding windows. */
const cutSchema = z
  .strictObject({ seconds: z.number().positive().optional(), rotateDegrees: z.number().min(0).max(180).optional() })
  .optional();

/** A genome: the hyper-parameters of one model, in the form that evolution mutates. */
export const genomeSchema = z.discriminatedUnion("family", [
  /** Multinomial logistic regression by L-BFGS; `l2` is the ridge on the mean loss: (l2/2)*|W|^2. */
  z.strictObject({
    family: z.literal("logistic"),
    cut: cutSchema,
    l2: z.number().min(0).default(1e-3),
    maxIterations: z.int().min(1).max(5000).default(200),
  }),
  z.strictObject({
    family: z.literal("mlp"),
    cut: cutSchema,
    units: z.array(z.int().min(1).max(4096)).min(1).max(8).default([150, 150, 100]),
    activation: z.enum(["tanh", "relu"]).default("tanh"),
    inputDropout: z.number().min(0).max(0.95).default(0),
    dropout: z.number().min(0).max(0.95).default(0.5),
    ...trainingFields,
  }),
  z.strictObject({
    family: z.literal("cnn"),
    cut: cutSchema,
    convolutions: z
      .array(z.strictObject({ filters: z.int().min(1).max(1024), kernel: z.int().min(1).max(64), pool: z.int().min(1).max(8).default(1) }))
      .min(1)
      .max(6),
    batchNorm: z.boolean().default(false),
    /** A second branch that reads the window's features, joined to the signal's before `dense`. */
    features: z
      .strictObject({ units: z.int().min(1).max(4096).default(128), dropout: z.number().min(0).max(0.95).default(0.3) })
      .optional(),
    dense: z.array(z.int().min(1).max(4096)).max(4).default([]),
    dropout: z.number().min(0).max(0.95).default(0.5),
    ...trainingFields,
  }),
  /** Gradient boosting on histograms: one tree a class and round, grown leaf by leaf, as in LightGBM. */
  z.strictObject({
    family: z.literal("boosting"),
    cut: cutSchema,
    rounds: z.int().min(1).max(5000).default(150),
    leaves: z.int().min(2).max(255).default(7),
    learningRate: z.number().positive().max(1).default(0.05),
    minLeafRows: z.int().min(1).default(20),
    rowShare: z.number().positive().max(1).default(0.8),
    columnShare: z.number().positive().max(1).default(0.3),
    lambda: z.number().min(0).default(1),
    bins: z.int().min(3).max(255).default(63),
  }),
  /** Random forest on the same histograms: bootstrapped rows, a fresh choice of columns at each split, mean of leaf shares. */
  z.strictObject({
    family: z.literal("forest"),
    cut: cutSchema,
    trees: z.int().min(1).max(5000).default(300),
    maxDepth: z.int().min(1).max(64).default(32),
    minLeafRows: z.int().min(1).default(1),
    /** Columns looked at for a split; without it the root of their number. */
    columnShare: z.number().positive().max(1).optional(),
    bins: z.int().min(3).max(255).default(63),
  }),
]);

/** Groups subjects into cohorts; without it there is one, `all`. */
const clusterSchema = z.strictObject({
  /** `auto`: by profile where most training subjects have one, else by statistics of their own signals. */
  by: z.enum(["auto", "profile", "statistics"]).default("auto"),
  least: z.int().min(2).max(20).default(2),
  most: z.int().min(2).max(20).default(6),
  /** With fewer training subjects all are one cohort. */
  minSubjects: z.int().min(4).default(12),
});

/** Statistics of the training data: one small document, and all that synthesis reads. */
const describeSchema = z.strictObject({
  bins: z.int().min(8).max(256).default(64),
  /** Lags of the autocorrelation, in rows. */
  lags: z.int().min(1).max(512).default(64),
});

/** Made-up recordings from the statistics alone. Needs `describe`. */
const synthesiseSchema = z.strictObject({
  people: z.int().min(1).max(10_000).default(20),
  /** Rows a synthetic person has of each class, at most. */
  secondsPerClass: z.number().positive().default(60),
  /** `if-better`: synthetic windows join the training where real F1 on validation does not fall for it. */
  training: z.enum(["never", "if-better"]).default("never"),
});

/** Searches for better genomes, generation by generation, in every slot. */
const evolveSchema = z.strictObject({
  generations: z.int().min(1).max(100).default(3),
  /** Best genomes known that stay. */
  keep: z.int().min(1).max(100).default(3),
  mutants: z.int().min(1).max(100).default(4),
  /** Most trials of one slot; a spec that asks for more than the guard allows is refused. */
  trials: z.int().min(1).max(1000).default(40),
  /** Most minutes of one slot; the trials under way then are the last. */
  minutes: z.number().positive().max(10_080).default(30),
  /** Generations without a better genome after which the search ends. */
  patience: z.int().min(1).default(2),
  /** `every`: each non-empty combination of sensors; `all`: one with all of them; or a list of combinations. */
  sensors: z.union([z.enum(["every", "all"]), z.array(z.array(idSchema).min(1)).min(1)]).default("every"),
  /** A slot of its own for each cohort with at least this many training subjects; null = none. */
  cohortSubjects: z.int().min(2).nullable().default(8),
  /** Most slots of a run; those with most sensors come first. */
  slots: z.int().min(1).max(64).default(8),
  /** Window lengths and rotations that mutants may choose from. */
  seconds: z.array(z.number().positive()).default([]),
  rotateDegrees: z.array(z.number().min(0).max(180)).default([]),
});

const gateSchema = z
  .strictObject({
    mode: z.enum(["automatic", "manual"]).default("automatic"),
    metric: z.enum(["accuracy", "macroF1"]).default("macroF1"),
    /** How much better than the champion the candidate must be. */
    margin: z.number().min(0).max(1).default(0.002),
    /** The candidate's least value of each metric, champion or none. */
    floors: z.strictObject({ accuracy: z.number().min(0).max(1).optional(), macroF1: z.number().min(0).max(1).optional() }).prefault({}),
    /** Most that the recall of any class may fall below the champion's. */
    maxClassDrop: z.number().min(0).max(1).default(0.1),
    /** What no model can reach, where that is known: one that surely lies above it is said to have seen the answers. */
    ceiling: z.strictObject({ accuracy: z.number().min(0).max(1) }).optional(),
  })
  .prefault({});

const sourceSchema = z.strictObject({
  url: z.url({ protocol: /^https$/ }),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  licence: z.string().min(1),
  bytes: z.int().positive().optional(),
});

export const specSchema = z
  .strictObject({
    version: z.literal(1).default(1),
    project: idSchema,
    title: z.string().min(1).max(200),
    /** Where the data can be had when it may not be shipped; `data add P` without paths fetches these. */
    sources: z.array(sourceSchema).default([]),
    files: z.array(filesSchema).min(1),
    /** All channels of a recording are brought to this rate. */
    rateHz: z.number().positive().default(50),
    labels: labelsSchema,
    filters: z.array(filterSchema).default([]),
    windows: windowsSchema,
    features: featuresSchema.optional(),
    split: splitSchema.prefault({}),
    cluster: clusterSchema.optional(),
    describe: describeSchema.optional(),
    synthesise: synthesiseSchema.optional(),
    /** Genomes to train; with `evolve` the first generation. */
    models: z
      .array(genomeSchema)
      .min(1)
      .default([{ family: "logistic", l2: 1e-3, maxIterations: 200 }]),
    /** The mean of the probabilities of this many best genomes with the same windows is one more candidate; 0 or 1 = none. */
    ensemble: z.int().min(0).max(8).default(0),
    evolve: evolveSchema.optional(),
    gate: gateSchema,
    annotation: annotationSchema.optional(),
    retrain: retrainSchema,
    notify: notifySchema,
    featureStore: featureStoreSchema.optional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .default(1),
    limits: z
      .strictObject({ trainingMinutes: z.number().positive().default(60), jobMegabytes: z.int().min(128).default(1024) })
      .prefault({}),
  })
  .superRefine((spec, context) => {
    for (const problem of crossChecks(spec)) context.addIssue({ code: "custom", path: problem.path, message: problem.message });
  });

export type Spec = z.infer<typeof specSchema>;
export type FilesSpec = Spec["files"][number];
export type Origin = z.infer<typeof originSchema>;
export type FilterSpec = Spec["filters"][number];
export type WindowsSpec = Spec["windows"];
export type FeaturesSpec = NonNullable<Spec["features"]>;
export type SplitSpec = Spec["split"];
export type GateSpec = Spec["gate"];
export type Genome = z.infer<typeof genomeSchema>;
export type EvolveSpec = NonNullable<Spec["evolve"]>;
export type ClusterSpec = NonNullable<Spec["cluster"]>;
export type SynthesiseSpec = NonNullable<Spec["synthesise"]>;
export type TreeGenome = Extract<Genome, { family: "boosting" | "forest" }>;
/** Genomes whose models are networks of layers. */
export type NetworkGenome = Exclude<Genome, TreeGenome>;
/** Those trained by steps on batches. */
export type SteppedGenome = Exclude<NetworkGenome, { family: "logistic" }>;
export type Optimizer = z.infer<typeof optimizerSchema>;

/** `channel -> sensor` over all files of a spec. */
export function sensorsOf(spec: Spec): string[] {
  return [...new Set(spec.files.flatMap((files) => Object.values(files.channels).map((channel) => channel.sensor)))].sort();
}

/** Names of all channels that recordings bring, in the order the spec names them. */
export function channelsOf(spec: Spec): string[] {
  return [...new Set(spec.files.flatMap((files) => Object.keys(files.channels)))];
}
