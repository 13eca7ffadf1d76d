import * as z from 'zod';
import { ENGINES } from '../config/engines.ts';
import { InvalidRecordError, readRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';

export const CHECKPOINT_FORMAT = 3;

const count = z.number().int().nonnegative();
const losses = z.record(z.string(), z.number()).readonly();

const output = z
  .object({
    stage: z.string(),
    given: z.string().nullable(),
    auc: z.number().nullable(),
    logLoss: z.number().nullable(),
    baseLogLoss: z.number().nullable(),
  })
  .readonly();

const epoch = z
  .object({
    epoch: count,
    trainLoss: z.number(),
    trainLosses: losses,
    validationLoss: z.number().nullable(),
    validationLosses: losses.nullable(),
    validationOutputs: z.record(z.string(), output).readonly().nullable(),
    criterion: z.number().nullable(),
    isBest: z.boolean(),
    isWorse: z.boolean(),
    seconds: z.number(),
  })
  .readonly();

const network = z
  .object({
    name: z.string().nullable(),
    epochs: z.array(epoch).readonly(),
    bestEpoch: count,
    stopped: z.enum(['epochs', 'patience', 'plateau']),
    stopBy: z.string(),
    filledRows: z.record(z.string(), count).readonly(),
  })
  .readonly();

const schema = z
  .object({
    format: z.number(),
    /** Facts that must be the same for a training to continue from the checkpoint. */
    identity: z
      .object({
        declarationSha256: z.string(),
        /** SHA-256 of the script of the model file, hex; `null` where the declaration names none. */
        modelFileSha256: z.string().nullable(),
        /** SHA-256 of the names and versions of all files of the data window, hex. */
        dataSha256: z.string(),
        /** The version that training began with; `null` where it began afresh. */
        warmStart: z.string().nullable(),
        seed: z.number().int(),
        /** Two engines differ in the last bits: no training is continued by another one. */
        engine: z.enum(ENGINES),
      })
      .readonly(),
    step: count,
    /** The steps at which training was continued before, each with its processor and threads. */
    resumed: z.array(z.object({ step: count, cpuModel: z.string(), threads: count }).readonly()).readonly(),
    cpuModel: z.string(),
    threads: count,
    /** SHA-256 of `state.bin`, hex. */
    sha256: z.string(),
    /** Name of the network that was being trained; `null` where the model is trained as a whole. */
    network: z.string().nullable(),
    /** The networks whose training had ended. */
    finished: z.array(network).readonly(),
    /**
     * The arrays in `state.bin`, one after the other: those of the engine, the best weights, and the weights of the
     * networks whose training had ended.
     */
    arrays: z.array(z.object({ name: z.string(), bytes: count }).readonly()).readonly(),
    /** Position of training in the data. */
    fit: z
      .object({
        epoch: count,
        batches: count,
        rows: count,
        sums: losses,
        seconds: z.number(),
        epochs: z.array(epoch).readonly(),
      })
      .readonly(),
    /** `loss` is `null` where no validation has been made. */
    best: z.object({ epoch: count, loss: z.number().nullable(), blocks: z.array(z.number()).readonly() }).readonly(),
  })
  .readonly();

/** `_training/<name>/checkpoints/<lease's epoch>-<number>/checkpoint.json`: written last, by it the state counts. */
export type CheckpointRecord = z.infer<typeof schema>;

/** Facts that must be the same for a training to continue from a checkpoint. */
export type TrainingIdentity = CheckpointRecord['identity'];

/** The step at which an interrupted training was continued, and the processor and threads that it continued on. */
export type Resumption = CheckpointRecord['resumed'][number];

/** Reads the record of a checkpoint; returns the reason if the checkpoint cannot be used. */
export async function readCheckpoint(
  store: Store,
  key: string,
): Promise<{ readonly record: CheckpointRecord } | { readonly why: string }> {
  try {
    const stored = await readRecord(store, { schema }, { key });
    // The record is written last: an interrupted checkpoint has none.
    if (stored === null) return { why: 'it is not complete' };
    const record = stored.value;
    if (record.format === CHECKPOINT_FORMAT) return { record };
    return { why: `it has format ${record.format}, expected ${CHECKPOINT_FORMAT}` };
  } catch (error) {
    if (error instanceof InvalidRecordError) return { why: 'its record cannot be read' };
    throw error;
  }
}
