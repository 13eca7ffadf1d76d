/**
 * A network of one stage alone, beside the declared model and of the same sizes: the probability of reaching the stage
 * from the root. One of the click is the CTR network that all models of a comparison share.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { traceScores } from '../../engine/ort/scoring-graph.ts';
import { writeOnnx } from '../../graph/onnx-file.ts';
import { stageModel, type TrainedModelPart } from '../../model/model.ts';
import { randomStream } from '../../numbers/random.ts';
import { INPUTS_FILE } from '../../table/encoded.ts';
import { predictRows } from '../held-out/predict.ts';
import type { EncodedRows } from '../rows/encoded-rows.ts';
import { type Fitting, fitNetwork, type NetworkRows } from './fit-network.ts';
import type { FittedNetwork } from './fitted-network.ts';

/** A network of one stage, of which there may be several with different rows and seeds. */
export interface StageNetwork extends TrainedModelPart {
  /** Under which its epochs are reported; the seed of its initial values and of its order of rows follows from it. */
  readonly name: string;
  readonly stage: string;
}

/** Returns a network of a stage that has not been trained. */
export function stageNetwork({ opened, encoder }: Fitting, stage: string, name: string): StageNetwork {
  return { name, stage, model: stageModel(opened.log.declaration, stage, encoder) };
}

/**
 * Trains a network of one stage, from fresh weights: those of an earlier version may come from rows that it must not
 * have seen. Its seed is another than the declared one, so that it is not the network that a model has for this stage.
 *
 * @param rows whose `rates` are given the root of the funnel
 */
export function fitStageNetwork(
  { options: { champion, ...options }, ...fitting }: Fitting,
  network: StageNetwork,
  rows: NetworkRows,
  finished: readonly FittedNetwork[] = [],
): Promise<FittedNetwork> {
  const seed = randomStream(fitting.opened.log.declaration.training.seed, network.name).bits(0);
  return fitNetwork({ ...fitting, options }, { ...network, seed }, rows, finished);
}

/** Predicts the probability of a network's stage for encoded rows. Writes the network to a folder in the scratch. */
export async function predictStage(
  { options, encoder }: Fitting,
  { name, stage, model }: StageNetwork,
  { weights }: Pick<FittedNetwork, 'weights'>,
  rows: EncodedRows,
): Promise<Float32Array> {
  const { scratch, threads, onProgress, signal } = options;
  const folder = join(scratch, `network-${name.replaceAll(' ', '-')}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, INPUTS_FILE), JSON.stringify(encoder.inputs));
  await writeOnnx(traceScores(model, encoder.inputs, weights), join(folder, 'model.onnx'));
  const predicted = await predictRows(folder, rows, {
    phase: 'evaluate',
    threads,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
  return predicted[stage] as Float32Array;
}
