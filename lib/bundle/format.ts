/** The layout of a training bundle: what a trainer outside needs of a declaration and a log, and nothing else. */
import * as z from 'zod';

/** File of a bundle that describes it, written last: a folder without it is no bundle. */
export const BUNDLE_FILE = 'bundle.json';
/** File of trained weights that describes them, written last. */
export const TRAINED_FILE = 'trained.json';
/** Number of the layout. A trainer refuses another one. */
export const BUNDLE_FORMAT = 1;

/** Parts of a log that a bundle has. */
export const BUNDLE_PARTS = ['train', 'validation'] as const;
export type BundlePart = (typeof BUNDLE_PARTS)[number];

const count = z.int().min(0);
const name = z.string().min(1);
/** A path below the folder, with nothing that leads out of it. */
const path = z
  .string()
  .regex(/^(?!.*\.\.)[\w.-]+(\/[\w.-]+)*$/, 'expected a path below the folder, of letters, digits, -, _ and .');
const shape = z.array(z.int().min(0)).readonly();

/** Some columns of the embedded matrix, and where they are gathered from. */
const field = z
  .object({
    input: name,
    table: name,
    /** Ids of a row. */
    length: z.int().min(1),
    /** First of the columns. */
    offset: count,
    /** Columns from the embedding of one id to that of the next; 0 where those of a row are added up. */
    step: count,
    /** Whether the rows have a coefficient for each id, `coefficients/<input>`. */
    hasCoefficients: z.boolean(),
    /** The labelled stage that a row must have reached to read and train the table; `null` where every row does. */
    trainedOn: name.nullable(),
  })
  .readonly();

/** Rows in files, one after the other. */
const rows = z
  .object({ rows: count, files: z.array(z.object({ path: name, rows: z.int().min(1) }).readonly()).readonly() })
  .readonly();

/** What networks are trained on, and in which steps. */
const training = z.object({
  batchSize: z.int().min(1),
  schedule: z.object({ warmupSteps: count, decay: name, totalSteps: count }).readonly(),
  train: rows,
  validation: rows,
  /**
   * By epoch, the order of the training rows: a file of unsigned 32-bit integers, little-endian, in runs that batches do
   * not cross. Empty where the orders would be too large: the trainer then draws its own.
   */
  orders: z.array(z.object({ path: name, runs: z.array(z.int().min(1)).readonly() }).readonly()).readonly(),
});

const network = z
  .object({
    /** `null` for the whole model. */
    name: name.nullable(),
    /** Rows that the network chose, each as often as it is trained on; `null` where it is trained on all rows. */
    chosen: training.readonly().nullable(),
    /** ONNX file of a training step: losses, and gradients of their weighted sum. */
    step: name,
    /** ONNX file of the losses and probabilities, with nothing dropped. */
    evaluation: name,
    /** Safetensors file of the initial values: `parameter/<name>` and `table/<name>`. */
    initial: name,
    /** Columns of the embedded matrix. */
    embeddedWidth: count,
    tables: z
      .array(z.object({ name, rows: z.int().min(1), dimension: z.int().min(1), l2: z.number().min(0) }).readonly())
      .readonly(),
    fields: z.array(field).readonly(),
    parameters: z.array(z.object({ name, shape }).readonly()).readonly(),
    numbers: z.array(name).readonly(),
    sequences: z.array(name).readonly(),
    /** What has a label and a weight in each row: the labelled stages, and other columns that losses read. */
    targets: z.array(name).readonly(),
    masks: z.array(z.object({ name, units: z.int().min(1) }).readonly()).readonly(),
    losses: z.array(z.object({ name, weight: z.number() }).readonly()).readonly(),
    /** Outputs that labels tell right or wrong: that a row which reached `given` (`null`: any) reaches `stage`. */
    outputs: z.array(z.object({ name, stage: name, given: name.nullable() }).readonly()).readonly(),
    /** What training stops by: `sum`, a loss or an output. */
    stopBy: name,
  })
  .readonly();

/** Schema of `bundle.json`. */
export const bundleSchema = training
  .extend({
    format: z.literal(BUNDLE_FORMAT),
    /** Name of the model. */
    name,
    declarationSha256: name,
    /** Digest of what the weights belong to: inputs, tables and the encoded probe rows. */
    encoderSha256: name,
    epochs: z.int().min(1),
    /** `null` for never. */
    patience: z.number().nullable(),
    seed: z.int(),
    optimizer: z.object({ type: name, learningRate: z.number(), momentum: z.number() }).readonly(),
    dropout: z.number(),
    networks: z.array(network).min(1).readonly(),
    /** SHA-256 of every file, by path. */
    files: z.record(path, z.string()),
  })
  .readonly();

export type Bundle = z.infer<typeof bundleSchema>;
export type BundleNetwork = z.infer<typeof network>;
export type BundleTraining = z.infer<typeof training>;
export type BundleRows = z.infer<typeof rows>;

const figures = z.object({
  epoch: z.int().min(1),
  trainLoss: z.number(),
  trainLosses: z.record(name, z.number()),
  validationLoss: z.number().nullable(),
  validationLosses: z.record(name, z.number()).nullable(),
  criterion: z.number().nullable(),
  isBest: z.boolean(),
  isWorse: z.boolean(),
  seconds: z.number(),
});

/** Schema of `trained.json`. */
export const trainedSchema = z
  .object({
    format: z.literal(BUNDLE_FORMAT),
    /** Digest of the bundle that was trained on. */
    bundleSha256: name,
    encoderSha256: name,
    engine: name,
    device: name,
    processes: z.int().min(1),
    precision: name,
    seconds: z.number(),
    networks: z
      .array(
        z
          .object({
            name: name.nullable(),
            /** Safetensors: `parameter/<name>`, `table/<name>`, and `touched/<name>` of 1 for each row that was trained. */
            weights: path,
            sha256: name,
            bestEpoch: count,
            stopped: z.enum(['epochs', 'patience', 'plateau']),
            stopBy: name,
            epochs: z.array(figures).readonly(),
          })
          .readonly(),
      )
      .min(1)
      .readonly(),
  })
  .readonly();

export type Trained = z.infer<typeof trainedSchema>;
