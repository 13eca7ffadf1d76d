/** Trains one network: from the champion's weights where there are any, and from the last checkpoint where there is one. */
import type { Declaration, Entity, TrainingChoice } from '../../config/declaration.ts';
import { createEngine } from '../../engine/create-engine.ts';
import type { EngineOptions, TrainingEngine } from '../../engine/engine.ts';
import type { LearningRateSchedule } from '../../engine/learning-rate.ts';
import type { Model, TrainedModelPart } from '../../model/model.ts';
import type { Database } from '../../table/database.ts';
import type { Encoder } from '../../table/encoder.ts';
import type { EpochRecord } from '../epochs/epoch-record.ts';
import { endLine, newlyUnlearned, unlearnedAtBest } from '../epochs/history-text.ts';
import { fit } from '../fit.ts';
import { batchSizeFor, largeBatchNote } from '../rows/batch-size.ts';
import type { RowCache } from '../rows/row-cache.ts';
import type { TrainingOptions } from '../training-options.ts';
import { fillUntrainedRows } from '../weights/fill-untrained.ts';
import { initialWeights, type StageRates } from '../weights/initial-weights.ts';
import { type WarmWeights, warmStart } from '../weights/warm-start.ts';
import type { FittedNetwork } from './fitted-network.ts';
import { rareStageNotes } from './rare-stages.ts';

/** What training needs of a log whose rows are cached. */
export interface FittedLog {
  readonly log: {
    readonly declaration: Declaration;
    readonly source: { readonly path: string };
  };
  /** The database of the log, which a champion's vocabularies are read into; `null` where there is no champion. */
  readonly database: Database | null;
}

/** What networks are trained with. */
export interface Fitting {
  readonly opened: FittedLog;
  readonly options: TrainingOptions;
  readonly encoder: Encoder;
}

/** The rows that a network is trained on. */
export interface NetworkRows {
  readonly train: RowCache;
  readonly validation: RowCache;
  /** Share of the training rows that reach each stage from the root of the network's graph. */
  readonly rates: StageRates;
}

/**
 * Trains a network, with the declared seed if it has none of its own. Embedding rows that were never trained get the mean of the others.
 * @param finished the networks of the same model that were trained before, which checkpoints keep
 */
export async function fitNetwork(
  fitting: Fitting,
  { name, model, seed: ownSeed }: TrainedModelPart & { readonly seed?: number },
  rows: NetworkRows,
  finished: readonly FittedNetwork[],
): Promise<FittedNetwork> {
  const { options, opened } = fitting;
  const { training: declared } = opened.log.declaration;
  const training = { ...declared, seed: ownSeed ?? declared.seed };
  const batchSize = batchSizeFor(training.batchSize, rows.train.rows);
  const engine = await createNetworkEngine(fitting, { model, seed: training.seed }, rows.train);
  try {
    const keptRows = await loadStart(fitting, engine, { name, rates: rows.rates, seed: training.seed });
    const { checkpoints, onEpoch, onNote, onProgress, signal } = options;
    const note = largeBatchNote(training.batchSize, rows.train.rows, name);
    for (const sentence of [...(note === null ? [] : [note]), ...rareStageNotes(model, rows.rates)])
      onNote?.(`note: ${sentence}`);
    const from = checkpoints && (await checkpoints.restore(engine, name));
    let before: EpochRecord | null = from?.epochs.at(-1) ?? null;
    const { weights, ...history } = await fit(engine, rows.train, rows.validation, {
      ...training,
      batchSize,
      epochs: options.epochsOf?.(name) ?? training.epochs,
      ...(checkpoints && { keeper: checkpoints.keeper(name, finished) }),
      ...(from && { from }),
      onEpoch(epoch, done) {
        onEpoch?.(epoch, done, name);
        for (const sentence of newlyUnlearned(epoch, before, name)) onNote?.(`note: ${sentence}`);
        before = epoch;
      },
      onProgress: ({ rows: done, totalRows, ...epoch }) =>
        onProgress?.({ phase: 'train', done, total: totalRows, ...epoch, ...(name !== null && { network: name }) }),
      ...(signal && { signal }),
    });
    onNote?.(endLine(history, name, training.patience));
    for (const sentence of unlearnedAtBest(history)) onNote?.(`note: ${sentence}`);
    const learned = learnedRows(engine.touched, keptRows);
    const filledRows = fillUntrainedRows(model.embeddings.tables, weights.tables, learned);
    return { name, weights, ...history, filledRows };
  } finally {
    await engine.release();
  }
}

/** Creates the engine that trains a network on so many rows, as the declaration says. */
export function createNetworkEngine(
  fitting: Fitting,
  { model, seed }: Pick<TrainedModelPart, 'model'> & { readonly seed: number },
  rows: Pick<RowCache, 'rows' | 'batchCount'>,
): Promise<TrainingEngine> {
  const { training } = fitting.opened.log.declaration;
  return createEngine(training.engine, model, engineOptionsOf(fitting, { model, seed }, rows));
}

/** Returns how an engine trains a network on so many rows, by the declaration. */
export function engineOptionsOf(
  { options, opened }: Pick<Fitting, 'options' | 'opened'>,
  { model, seed }: Pick<TrainedModelPart, 'model'> & { readonly seed: number },
  rows: Pick<RowCache, 'rows' | 'batchCount'>,
): EngineOptions & { readonly schedule: LearningRateSchedule } {
  const training = { ...opened.log.declaration.training, seed };
  const batchSize = batchSizeFor(training.batchSize, rows.rows);
  return {
    batchSize,
    threads: options.threads,
    optimizer: { type: training.optimizer, learningRate: training.learningRate, momentum: training.momentum },
    schedule: {
      warmupSteps: training.warmupSteps,
      decay: training.learningRateDecay,
      totalSteps: totalSteps(rows, { ...training, batchSize }),
    },
    l2Embeddings: training.l2Embeddings,
    l2Tables: Object.fromEntries(
      model.embeddings.tables.flatMap(({ name: table, ids }) => {
        const l2 = training.l2Tables[ids];
        return l2 === undefined ? [] : [[table, l2]];
      }),
    ),
    dropout: training.dropout,
    sharedEntity: sharedEntity(opened.log.declaration, model),
    seed,
  };
}

/** The entity whose rows batches share: the user, if the log's groups are shuffled and the model has inputs of the user. */
export function sharedEntity({ log, training }: Declaration, { layout }: Model): Entity | undefined {
  const isShared = log.group !== null && training.shuffle === 'groups';
  return isShared && layout.parts.some(({ entity }) => entity === 'user') ? 'user' : undefined;
}

/** Number of steps of a training that is not stopped early, on which the learning rate's decay depends. */
function totalSteps(
  cache: Pick<RowCache, 'batchCount'>,
  { epochs, batchSize, seed, shuffle }: TrainingChoice & { readonly batchSize: number },
): number {
  let steps = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) steps += cache.batchCount(batchSize, { seed, epoch, shuffle });
  return steps;
}

/**
 * Loads the champion's weights as far as they fit the model, and initial weights for the rest or without a champion.
 * Returns the rows that hold the champion's values.
 */
async function loadStart(
  { options, encoder, opened: { database } }: Fitting,
  engine: TrainingEngine,
  { name, rates, seed }: { readonly name: string | null; readonly rates: StageRates; readonly seed: number },
): Promise<WarmWeights['keptRows']> {
  const { model } = engine;
  const { champion, onWarmStart, onProgress, signal } = options;
  const fresh = await initialWeights(model, rates, seed, {
    onProgress: (drawn) => onProgress?.({ phase: 'draw', ...drawn, ...(name !== null && { network: name }) }),
    signal,
  });
  if (champion === undefined) {
    engine.load(fresh);
    return {};
  }
  if (database === null) throw new RangeError('weights of a champion: got no database for its vocabularies');
  const { report, weights, keptRows } = await warmStart(database, champion, { model, encoder, fresh });
  engine.load(weights);
  onWarmStart?.(report);
  return keptRows;
}

/** Returns 1 for each row that this training touched or that holds the champion's values, by embedding table. */
function learnedRows(
  touched: Readonly<Record<string, Uint8Array>>,
  kept: Readonly<Record<string, Uint8Array>>,
): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(touched).map(([table, flags]) => [
      table,
      flags.map((flag, row) => flag | (kept[table]?.[row] ?? 0)),
    ]),
  );
}
