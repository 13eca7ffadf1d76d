/** Writes a training bundle: the graphs, initial values, encoded rows and settings of a training, for a trainer outside. */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { traceLoss, traceStep } from '../engine/ort/step-model.ts';
import { writeOnnx } from '../graph/onnx-file.ts';
import { embeddedKind } from '../model/kinds/index.ts';
import { declaredModel, type Model, type TrainedModelPart, targetsOf, trainedParts } from '../model/model.ts';
import { sequencesOf } from '../model/sequences.ts';
import { PARTS } from '../table/encoded.ts';
import type { Encoder } from '../table/encoder.ts';
import { DataError } from '../table/errors.ts';
import { fitEncoder } from '../table/fit/fit-encoder.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import type { OpenedLog } from '../table/open-log.ts';
import { criterionOf, measuredOutputs } from '../training/epochs/validate.ts';
import { stageRates } from '../training/held-out/stage-rates.ts';
import { engineOptionsOf } from '../training/networks/fit-network.ts';
import type { TrainingOptions } from '../training/training-options.ts';
import { initialWeights, type StageRates } from '../training/weights/initial-weights.ts';
import { digestFile } from '../workers/file-digest.ts';
import { encodeRows, type ProcessOptions } from './encode-rows.ts';
import { BUNDLE_FILE, BUNDLE_FORMAT, type Bundle, type BundleNetwork } from './format.ts';
import { type RowOrder, readRowOrder } from './row-order.ts';
import { writeSafetensors } from './safetensors.ts';

/** Positions of rows that orders may have in all: 4 bytes each. */
const MOST_POSITIONS = 500_000_000;

/** What a bundle is made of, and where it goes. */
export interface WriteBundleOptions
  extends ProcessOptions,
    Pick<TrainingOptions, 'declarationText' | 'modelFile' | 'scratch' | 'onSummary' | 'onProgress' | 'signal'> {
  /** Folder of the bundle, which must be empty or absent. */
  readonly folder: string;
}

/**
 * Encodes a log and writes a bundle of it. `bundle.json` is written last.
 * @throws {DataError} where a network chooses its rows by the predictions of another, or the folder is not empty.
 */
export async function writeBundle(opened: OpenedLog, options: WriteBundleOptions): Promise<Bundle> {
  const { database, log } = opened;
  const { declaration } = log;
  const { folder, scratch, signal } = options;
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0)
    throw new DataError('folder_not_empty', `${folder} is not empty, expected a new folder for the bundle`);
  const { encoder, summary } = await fitEncoder(database, log);
  const model = declaredModel(declaration, encoder.inputs, encoder.tables, options.modelFile?.networkOf ?? null);
  const parts = trainedParts(model, encoder.tables);
  requireAllRows(parts, declaration.model.type);
  for (const name of ['networks', 'rows', 'order']) await mkdir(join(folder, name));
  const total = PARTS.reduce((sum, part) => sum + summary.parts[part].rows, 0);
  const rows = await encodeRows(opened, {
    ...options,
    encoder,
    onProgress: (done) => options.onProgress?.({ phase: 'encode', done, total }),
  });
  options.onSummary?.(summary, rows.counts);
  const { epochs, patience, seed, shuffle } = declaration.training;
  const hasOrders = rows.parts.train.rows * epochs <= MOST_POSITIONS;
  const order = await readRowOrder(opened, encoder, { rows: rows.parts.train.rows, scratch, hasOrders });
  const fitting = { opened, options: { ...options, scratch }, encoder };
  const [first] = parts as [TrainedModelPart];
  const { batchSize, optimizer, schedule, dropout } = engineOptionsOf(
    fitting,
    { model: first.model, seed: declaration.training.seed },
    order,
  );
  const networks: BundleNetwork[] = [];
  for (const part of parts)
    networks.push(
      await writeNetwork(part, { folder, index: networks.length, rates: stageRates(summary), declaration }),
    );
  const bundle: Omit<Bundle, 'files'> = {
    format: BUNDLE_FORMAT,
    name: declaration.name,
    declarationSha256: sha256(options.declarationText),
    encoderSha256: encoderDigest(encoder, summary),
    batchSize,
    epochs,
    patience,
    seed,
    optimizer: { type: optimizer.type, learningRate: optimizer.learningRate, momentum: optimizer.momentum ?? 0 },
    schedule,
    dropout,
    ...rows.parts,
    orders: hasOrders ? await writeOrders(order, { folder, batchSize, epochs, seed, shuffle }) : [],
    networks,
  };
  const files: Record<string, string> = {};
  for (const name of ['networks', 'order'])
    for (const file of (await readdir(join(folder, name))).toSorted()) {
      signal?.throwIfAborted();
      files[`${name}/${file}`] = (await digestFile(join(folder, name, file))).sha256;
    }
  const whole = { ...bundle, files: { ...files, ...rows.files } };
  await writeFile(join(folder, BUNDLE_FILE), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

/** Returns the digest of what weights belong to: an encoder's inputs and tables, and the rows that it was fitted to. */
export function encoderDigest({ inputs, tables }: Encoder, { parts }: LogSummary): string {
  return sha256(JSON.stringify({ inputs, tables, rows: parts.train.digest }));
}

/** A network that is trained on chosen rows needs the predictions of networks before it, which a bundle cannot have. */
function requireAllRows(parts: readonly TrainedModelPart[], type: string): void {
  const chosen = parts.find(({ model }) => model.network.rows !== undefined);
  if (chosen !== undefined)
    throw new DataError(
      'rows_are_chosen',
      `model.type ${type} trains ${chosen.name} on rows of its choice, expected a model that is trained on all rows, such as esmm`,
    );
}

interface NetworkPlace {
  readonly folder: string;
  readonly index: number;
  readonly rates: StageRates;
  readonly declaration: OpenedLog['log']['declaration'];
}

async function writeNetwork(
  { name, model }: TrainedModelPart,
  { folder, index, rates, declaration }: NetworkPlace,
): Promise<BundleNetwork> {
  const { training } = declaration;
  const path = (file: string) => `networks/${index}-${file}`;
  const step = traceStep(model, { hasMasks: training.dropout > 0, shared: null });
  await writeOnnx(step.graph, join(folder, path('step.onnx')));
  await writeOnnx(traceLoss(model), join(folder, path('evaluation.onnx')));
  const { parameters, tables } = initialWeights(model, rates, training.seed);
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

interface OrderOptions {
  readonly folder: string;
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
  readonly shuffle: 'groups' | 'rows';
}

/** Writes the order of the training rows of every epoch. */
async function writeOrders(
  order: RowOrder,
  { folder, batchSize, epochs, ...options }: OrderOptions,
): Promise<Bundle['orders']> {
  const orders: Bundle['orders'][number][] = [];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const path = `order/${String(epoch).padStart(3, '0')}.u32`;
    const runs: number[] = [];
    const file = await open(join(folder, path), 'wx');
    try {
      for await (const positions of order.order(batchSize, { ...options, epoch })) {
        runs.push(positions.length);
        await file.writeFile(new Uint8Array(positions.buffer));
      }
    } finally {
      await file.close();
    }
    orders.push({ path, runs });
  }
  return orders;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
