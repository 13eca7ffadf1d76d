import * as z from 'zod';
import { ENGINES } from '../config/engines.ts';
import { DECLARATION_FILE, MANIFEST_FILE, MODEL_FILE } from '../contract/bucket.ts';
import { InvalidRecordError, parseRecord } from '../store/records.ts';

/** Format of the manifests that this release writes, and the only one that it reads. */
export const MANIFEST_FORMAT = 1;

const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits');
const instant = z.iso.datetime();
const range = z.object({ from: instant, to: instant });
const timeRange = range.readonly();
const file = z.object({ sha256, bytes: count }).readonly();

const manifestSchema = z
  .object({
    formatVersion: z.literal(MANIFEST_FORMAT),
    name: z.string(),
    version: z.string(),
    createdAt: instant,
    /** Files by their path within the version's folder, `/` between folders; the manifest itself is not among them. */
    files: z.record(z.string(), file).readonly(),
    declarationSha256: sha256,
    /** Versions of what trained the model: entirespace, node, onnxruntime-node, ... */
    libraries: z.record(z.string(), z.string()).readonly(),
    data: z
      .object({
        /** What the rows were read from, as the user gave it. */
        source: z.string(),
        /**
         * First and last row's time, of all rows and of each part that has any; `null` where no time column is
         * declared.
         */
        time: range
          .extend({ train: timeRange.nullable(), validation: timeRange.nullable(), test: timeRange.nullable() })
          .readonly()
          .nullable(),
        rows: z.object({ train: count, validation: count, test: count }).readonly(),
        /** Rows over all parts, by labelled stage. */
        labels: z
          .record(z.string(), z.object({ positive: count, negative: count, unknown: count }).readonly())
          .readonly(),
        /** Share of the weighted training rows of known label that reached a stage, by labelled stage. */
        trainingRates: z.record(z.string(), z.number().min(0).max(1)).readonly(),
        rejectedByReason: z.record(z.string(), count).readonly(),
        /** Rows over all parts that repeat the keys of another row. */
        repeatedKeys: count.optional(),
        /** Digest of the training rows, which tells them from others; it may differ with another release of DuckDB. */
        trainingDigest: z.string().optional(),
        /** What was reported of the log when it was read. */
        notes: z.array(z.string()).readonly().optional(),
      })
      .readonly(),
    metrics: z.record(z.string(), z.json()).readonly(),
    /** Digest of what the encoder made of the probe's rows: a scorer whose encoder differs must refuse the model. */
    encoderProbeSha256: sha256,
    training: z
      .object({
        /** What computed the steps; onnxruntime where it is left out. */
        engine: z.enum(ENGINES).optional(),
        seed: z.number().int(),
        /** Epochs of the model, or of the last of its networks where they were trained apart. */
        epochs: count,
        bestEpoch: count,
        /** Epochs by network, where the model has several that were trained apart. */
        networks: z
          .record(z.string(), z.object({ epochs: count, bestEpoch: count }).readonly())
          .readonly()
          .optional(),
        /** `false` where the probabilities are shifted by the choice of training rows; else left out. */
        calibrated: z.boolean().optional(),
        threads: count,
        cpuModel: z.string(),
        seconds: z.number().nonnegative(),
        /** Steps at which interrupted training continued. On another kind of processor, the bytes may differ. */
        resumed: z
          .array(z.object({ step: count, cpuModel: z.string(), threads: count }).readonly())
          .readonly()
          .optional(),
        /** What was calibrated on the validation rows, and why; left out where no calibration is declared. */
        calibration: z
          .object({
            kind: z.enum(['platt', 'isotonic']),
            of: z.enum(['none', 'edges', 'product']),
            why: z.string(),
            /** Why an edge or a stage has no calibrator, by name. */
            uncalibrated: z.record(z.string(), z.string()).readonly(),
            /** Why one is left as it is that could be calibrated, by name. */
            left: z.record(z.string(), z.string()).readonly(),
          })
          .readonly()
          .optional(),
        /** Where the networks were trained, if the weights came from another trainer. */
        elsewhere: z
          .object({
            engine: z.string(),
            device: z.string(),
            processes: count,
            precision: z.string(),
            seconds: z.number().nonnegative(),
          })
          .readonly()
          .optional(),
        /** The version whose weights training began with. */
        warmStart: z.string().optional(),
        /** Rows that no training row reached, and that got their table's mean, by embedding table. */
        filledRows: z.record(z.string(), count).readonly(),
      })
      .readonly(),
  })
  .readonly()
  .superRefine(({ files, version, declarationSha256 }, context) => {
    const problem = (path: readonly string[], message: string) =>
      context.addIssue({ code: 'custom', path: ['files', ...path], message });
    for (const path of Object.keys(files)) {
      if (!isFilePath(path)) problem([], `path must stay inside the version's folder, got ${path}`);
      if (path === MANIFEST_FILE) problem([path], 'the manifest cannot name itself');
    }
    if (!files[MODEL_FILE]?.sha256.startsWith(version.slice(-8)))
      problem([MODEL_FILE], `expected a sha256 that begins as version ${version} ends`);
    if (files[DECLARATION_FILE]?.sha256 !== declarationSha256)
      problem([DECLARATION_FILE], 'expected the sha256 that declarationSha256 has');
  });

const MANIFEST = { formatVersion: MANIFEST_FORMAT, schema: manifestSchema };

/** All that is known of a model version: what its files must be, and where it comes from. */
export type ModelManifest = z.infer<typeof manifestSchema>;

/** Size and digest of a file of a version. */
export type ManifestFile = z.infer<typeof file>;

/** The part of a manifest that training knows; publishing adds the rest. */
export type ManifestFacts = Pick<ModelManifest, 'libraries' | 'data' | 'metrics' | 'encoderProbeSha256' | 'training'>;

/**
 * A manifest from its JSON, checked to be that of the version.
 * @throws {InvalidRecordError}
 */
export function parseManifest(text: string, name: string, version: string, storeUrl: string): ModelManifest {
  const what = `manifest of ${name} ${version}`;
  const manifest = parseRecord(MANIFEST, text, what, storeUrl);
  if (manifest.name === name && manifest.version === version) return manifest;
  throw new InvalidRecordError(`${what} is that of ${manifest.name} ${manifest.version} (in ${storeUrl})`);
}

function isFilePath(path: string): boolean {
  return !/[\\\0]/.test(path) && path.split('/').every((segment) => !['', '.', '..'].includes(segment));
}
