/** Encodes the rows of a log in one pass, and keeps them on the scratch disk in the forms that training needs. */
import { join } from 'node:path';
import type { Declaration } from '../../config/declaration.ts';
import { declaredModel, propensityStages } from '../../model/model.ts';
import { delayedStages } from '../../table/check/delays.ts';
import { labelledStages } from '../../table/check/labels.ts';
import { encodeLog } from '../../table/encode/encode.ts';
import { type PartCounts, ValueCounter } from '../../table/encode/value-counts.ts';
import { PARTS, rowsOfPart } from '../../table/encoded.ts';
import type { Encoder } from '../../table/encoder.ts';
import type { LogSummary } from '../../table/fit/summary.ts';
import type { OpenedLog } from '../../table/open-log.ts';
import type { OnProgress } from '../progress.ts';
import type { TrainingOptions } from '../training-options.ts';
import { type EncodedRows, EncodedRowsWriter } from './encoded-rows.ts';
import { type ReachedRows, ReachedRowsWriter } from './reached-rows.ts';
import { type RowCache, type RowCacheSpec, RowCacheWriter } from './row-cache.ts';

/** The encoded rows of a log, on the scratch disk, by what they are for. */
export interface CachedRows {
  /** Batches to train on. */
  readonly train: RowCache;
  /** Batches for early stopping. */
  readonly validation: RowCache;
  /** The validation rows as a scoring model reads them, if they are to be scored; else empty. */
  readonly calibration: EncodedRows;
  /** The rows that reached the stages whose propensities the model needs, by stage. */
  readonly reached: Readonly<Record<string, Readonly<Record<'train' | 'validation', ReachedRows>>>>;
  /** The held-out rows as a scoring model reads them. */
  readonly test: EncodedRows;
  /** How much of each part's values is missing, and how much the encoder does not know. */
  readonly counts: PartCounts;
}

/** The encoder, and where the files are written. */
export interface CacheRowsOptions {
  readonly encoder: Encoder;
  readonly summary: LogSummary;
  /** The stages whose propensities are needed. @default those of the declared model */
  readonly propensitiesOf?: readonly string[];
  readonly modelFile?: TrainingOptions['modelFile'];
  /** Existing folder for the files. */
  readonly scratch: string;
  /** Whether the validation rows will be scored. @default if a calibration is declared, which is fitted to their scores */
  readonly scoresValidation?: boolean;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Encodes every row of the log once, and writes it to the files of its part. */
export async function cacheRows({ database, log }: OpenedLog, options: CacheRowsOptions): Promise<CachedRows> {
  const { encoder, summary, scratch, onProgress, signal } = options;
  const { propensitiesOf = declaredPropensities(log.declaration, options) } = options;
  const spec = cacheSpec(log.declaration, encoder.inputs);
  const { scoresValidation = log.declaration.training.calibration !== 'none' } = options;
  const path = (name: string) => join(scratch, `${name}.rows`);
  const writers = {
    train: await RowCacheWriter.create(path('train'), spec),
    validation: await RowCacheWriter.create(path('validation'), { ...spec, hasGroups: false }),
    calibration: await EncodedRowsWriter.create(path('calibration'), encoder),
    test: await EncodedRowsWriter.create(path('test'), encoder),
  };
  const reached = await Promise.all(
    propensitiesOf.map(async (stage) => ({
      stage,
      train: await ReachedRowsWriter.create(path(`train-${stage}`), stage, encoder),
      validation: await ReachedRowsWriter.create(path(`validation-${stage}`), stage, encoder),
    })),
  );
  const total = PARTS.reduce((sum, part) => sum + summary.parts[part].rows, 0);
  const counters = {
    train: new ValueCounter(encoder),
    validation: new ValueCounter(encoder),
    test: new ValueCounter(encoder),
  };
  let done = 0;
  try {
    for await (const chunk of encodeLog(database, log, encoder)) {
      const [train, validation, test] = [
        rowsOfPart(chunk, 'train'),
        rowsOfPart(chunk, 'validation'),
        rowsOfPart(chunk, 'test'),
      ];
      await writers.train.append(chunk, train);
      await writers.validation.append(chunk, validation);
      for (const writer of reached) {
        await writer.train.append(chunk, train);
        await writer.validation.append(chunk, validation);
      }
      if (scoresValidation) await writers.calibration.append(chunk, validation);
      await writers.test.append(chunk, test);
      counters.train.add(chunk, train);
      counters.validation.add(chunk, validation);
      counters.test.add(chunk, test);
      done += chunk.rows;
      onProgress?.({ phase: 'encode', done, total });
      signal?.throwIfAborted();
    }
    return {
      train: await writers.train.finish(),
      validation: await writers.validation.finish(),
      calibration: await writers.calibration.finish(),
      test: await writers.test.finish(),
      reached: await finishReached(reached),
      counts: {
        train: counters.train.counts(),
        validation: counters.validation.counts(),
        test: counters.test.counts(),
      },
    };
  } catch (error) {
    for (const writer of Object.values(writers)) await writer.abandon();
    for (const { train, validation } of reached) for (const writer of [train, validation]) await writer.abandon();
    throw error;
  }
}

/** What a cache holds of each training row of a declaration's log. */
export function cacheSpec(declaration: Declaration, inputs: Encoder['inputs']): RowCacheSpec {
  return {
    inputs,
    stages: labelledStages(declaration).map(({ name }) => name),
    delayed: delayedStages(declaration).map(({ name }) => name),
    hasGroups: declaration.log.group !== null && declaration.training.shuffle === 'groups',
  };
}

function declaredPropensities(declaration: Declaration, { encoder, modelFile }: CacheRowsOptions): readonly string[] {
  return propensityStages(declaredModel(declaration, encoder.inputs, encoder.tables, modelFile?.networkOf ?? null));
}

interface ReachedWriters {
  readonly stage: string;
  readonly train: ReachedRowsWriter;
  readonly validation: ReachedRowsWriter;
}

async function finishReached(all: readonly ReachedWriters[]): Promise<CachedRows['reached']> {
  const finished = all.map(async ({ stage, train, validation }) => {
    return [stage, { train: await train.finish(), validation: await validation.finish() }] as const;
  });
  return Object.fromEntries(await Promise.all(finished));
}
