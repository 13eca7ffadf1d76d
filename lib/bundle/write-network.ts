/** The graphs and initial values of a network of a bundle, as files, and its description. */
import { join } from 'node:path';
import type { Declaration } from '../config/declaration.ts';
import { traceLoss, traceStep } from '../engine/ort/step-model.ts';
import { writeOnnx } from '../graph/onnx-file.ts';
import { embeddedKind } from '../model/kinds/index.ts';
import { type Model, type TrainedModelPart, targetsOf } from '../model/model.ts';
import { sequencesOf } from '../model/sequences.ts';
import { criterionOf, measuredOutputs } from '../training/epochs/validate.ts';
import { type DrawOptions, initialWeights, type StageRates } from '../training/weights/initial-weights.ts';
import type { BundleNetwork } from './format.ts';
import { writeSafetensors } from './safetensors.ts';

/** Where a network is written, and what its initial values and its description depend on. */
export interface WriteNetworkOptions extends DrawOptions {
  readonly folder: string;
  /** Number of the network, from 0. */
  readonly index: number;
  /** Share of the network's training rows that reach each stage. */
  readonly rates: StageRates;
  readonly declaration: Declaration;
}

/** Writes a network, and returns its description without the rows that it is trained on. */
export async function writeNetwork(
  { name, model }: TrainedModelPart,
  { folder, index, rates, declaration, ...drawing }: WriteNetworkOptions,
): Promise<Omit<BundleNetwork, 'chosen'>> {
  const { training } = declaration;
  const path = (file: string) => `networks/${index}-${file}`;
  const step = traceStep(model, { hasMasks: training.dropout > 0, shared: null });
  await writeOnnx(step.graph, join(folder, path('step.onnx')));
  await writeOnnx(traceLoss(model), join(folder, path('evaluation.onnx')));
  const { parameters, tables } = await initialWeights(model, rates, training.seed, drawing);
  await writeSafetensors(join(folder, path('initial.safetensors')), [
    ...model.network.parameters.map(({ name: of, shape }) => ({
      name: `parameter/${of}`,
      shape,
      values: parameters[of] as Float32Array,
    })),
    ...model.embeddings.tables.map(({ name: of, rows, dimension }) => ({
      name: `table/${of}`,
      shape: [rows, dimension],
      values: tables[of] as Float32Array,
    })),
  ]);
  return {
    name,
    step: path('step.onnx'),
    evaluation: path('evaluation.onnx'),
    initial: path('initial.safetensors'),
    embeddedWidth: model.embeddings.width,
    tables: model.embeddings.tables.map(({ name: of, ids, rows, dimension }) => ({
      name: of,
      rows,
      dimension,
      l2: training.l2Tables[ids] ?? training.l2Embeddings,
    })),
    fields: fieldsOf(model),
    parameters: model.network.parameters.map(({ name: of, shape }) => ({ name: of, shape })),
    numbers: model.layout.numbers.map(({ name: of }) => of),
    sequences: sequencesOf(model.layout).map(({ name: of }) => of),
    targets: targetsOf(model).map(({ name: of }) => of),
    masks: training.dropout > 0 ? model.network.masks.map(({ name: of, units }) => ({ name: of, units })) : [],
    losses: step.losses,
    outputs: measuredOutputs(model.graph),
    stopBy: criterionOf({ losses: step.losses, model }, training.stopBy),
  };
}

function fieldsOf({ embeddings }: Model): BundleNetwork['fields'] {
  return embeddings.fields.map(({ input, table, offset, dimension, trainedOn }) => {
    const kind = embeddedKind(input);
    const { hasCoefficients, isPooled } = kind;
    const length = kind.idsPerRow(input);
    return { input: input.name, table, length, offset, step: isPooled ? 0 : dimension, hasCoefficients, trainedOn };
  });
}
