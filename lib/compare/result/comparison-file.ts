/** `comparison.json`: what a comparison found. It has no times of day and no durations: the same runs give the same file. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import type { MetricsJson } from '../../evaluation/metrics-json.ts';
import { truthSchema } from '../truth/truth-file.ts';
import { FIGURE_NAMES } from './figures.ts';

const FORMAT = 1;
export const COMPARISON_FILE = 'comparison.json';

const value = z.number().nullable();
const figure = z.enum(FIGURE_NAMES as [(typeof FIGURE_NAMES)[number]]);
const byFigure = z.record(figure, value);
const setting = z.union([z.number(), z.string(), z.array(z.number()).readonly()]);
/** Differences from the declared model, by place in the declaration. */
const settings = z.record(z.string(), setting);
const interval = z.object({ value, lower: value, upper: value });

const task = z.object({
  auc: value,
  gauc: value,
  /** Share of the rows that are right at a threshold of one half. */
  accuracy: value,
  log_loss: value,
  normalized_entropy: value,
  pcoc: value,
  calibration_error: value,
  top_k: z.array(z.object({ share: z.number(), precision: value, recall: value, f1: value })),
});

const model = z.object({
  name: z.string(),
  /** Whether it cannot be trained to score candidates: `gbdt`. */
  isForComparisonOnly: z.boolean(),
  /** The settings that were best on the validation rows. */
  settings,
  /** What was tried on the validation rows, with the first seed; empty where there was one trial. */
  trials: z.array(z.object({ settings, validation: value, failure: z.string().nullable() })),
  /** Whether the probabilities are meant to be right, and not only their order. */
  calibrated: z.boolean(),
  /** Whether the rows that train the CVR network are chosen by the click. */
  onChosenRows: z.boolean(),
  /** Seeds in which the model could not be trained. */
  failures: z.array(z.object({ seed: z.number(), share: z.number(), why: z.string() })),
  seeds: z.array(z.object({ seed: z.number(), figures: byFigure, tasks: z.record(z.string(), task) })),
  /** Over the seeds. */
  mean: byFigure,
  /** Standard deviation over the seeds; `null` of less than two. */
  deviation: byFigure,
  /** Own - reference, by figure; `null` for the reference, and for a model without a seed. */
  differences: z
    .partialRecord(
      figure,
      z.object({
        /** Mean of the differences with the same seed, and its interval. */
        overSeeds: interval,
        /** Difference of the scores averaged over seeds, and its interval over resamples of whole users. */
        overUsers: interval,
      }),
    )
    .nullable(),
  claim: z.enum(['reference', 'better', 'worse', 'not shown to differ', 'failed']),
  /** Metrics of the scores averaged over seeds, as in `metrics.json`; `null` for a model without a seed. */
  averaged: z.custom<MetricsJson>().nullable(),
});

export const comparisonSchema = z.object({
  formatVersion: z.literal(FORMAT),
  /** Name of the declaration. */
  name: z.string(),
  identity: z.object({
    /** SHA-256 of the declaration's text and of its model file, hex. */
    declarationSha256: z.string(),
    /** Digest of the log and of how its rows are divided. */
    logDigest: z.string(),
  }),
  protocol: z.enum(['halves of time', 'declared split']),
  split: z.string(),
  rows: z.object({ train: z.number(), validation: z.number(), test: z.number() }),
  clicks: z.object({ train: z.number(), test: z.number() }),
  conversions: z.object({ train: z.number(), test: z.number() }),
  /** What was resampled for the intervals over users, and why it is not the declared groups. */
  units: z.object({ kind: z.string(), count: z.number(), note: z.string() }),
  options: z.object({
    seeds: z.array(z.number()),
    trials: z.number(),
    by: figure,
    against: z.string(),
    shares: z.array(z.number()),
  }),
  /** In the order of their means of `options.by`. */
  models: z.array(model),
  /** Figure 3 of the paper: means over seeds of models that are trained on a share of the training rows. */
  shares: z.array(z.object({ name: z.string(), share: z.number(), mean: byFigure, deviation: byFigure })),
  /** How far models are from the truth; only where a generated log declares it. */
  truth: truthSchema.optional(),
  /** Models that were asked for by `all` and take no part. */
  leftOut: z.array(z.object({ name: z.string(), why: z.string() })),
  /** The model to take: one that can be trained, unless all were compared with one that cannot. */
  winner: z.object({ name: z.string(), settings, isShown: z.boolean() }),
  /** The verdict in a sentence, and what else should be known, a sentence each. */
  verdict: z.string(),
  notes: z.array(z.string()),
});

/** What a comparison found. */
export type Comparison = z.infer<typeof comparisonSchema>;

/** What it found of a model. */
export type ComparedModel = Comparison['models'][number];

/** Thrown where a file is not that of a comparison. */
export class ComparisonFileError extends Error {
  override readonly name = 'ComparisonFileError';
}

/** Returns a comparison as the text of its file. */
export function comparisonText(comparison: Omit<Comparison, 'formatVersion'>): string {
  return `${JSON.stringify({ formatVersion: FORMAT, ...comparison }, null, 2)}\n`;
}

/** Writes a file beside its place, and then puts it there. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text);
  await rename(`${path}.part`, path);
}

/**
 * Reads a comparison; `name` is for messages.
 * @throws {ComparisonFileError} where it cannot be read.
 */
export async function readComparison(path: string, name: string): Promise<Comparison> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'no such file' : `it cannot be read: ${error.message}`;
    throw new ComparisonFileError(`got ${name}, ${why}`);
  });
  const parsed = comparisonSchema.safeParse(parsedJson(text));
  if (!parsed.success)
    throw new ComparisonFileError(`${name} is not a file of compare, expected its ${COMPARISON_FILE}`);
  return parsed.data;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
