/** The networks that a trainer outside has trained on a bundle, read back. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { TrainedModelPart } from '../model/model.ts';
import { DataError } from '../table/errors.ts';
import type { FittedNetwork } from '../training/networks/fitted-network.ts';
import type { Elsewhere } from '../training/training-options.ts';
import { fillUntrainedRows } from '../training/weights/fill-untrained.ts';
import { digestFile } from '../workers/file-digest.ts';
import { TRAINED_FILE, type Trained, trainedSchema } from './format.ts';
import { readSafetensors } from './safetensors.ts';
import { encoderDigest } from './write-bundle.ts';

/**
 * Reads what a trainer has written, `trained.json`.
 * @throws {DataError} where it is not there, or is not what a trainer writes.
 */
async function readTrained(folder: string): Promise<Trained> {
  const path = join(folder, TRAINED_FILE);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new DataError('weights_not_found', `${path} is not there, expected the folder of trained weights`, { cause });
  });
  try {
    return trainedSchema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : 'no JSON';
    throw new DataError('weights_not_valid', `${path} is not what a trainer writes: ${why}`, { cause });
  }
}

/**
 * Returns the trained networks of a folder, for a training to have in place of its own.
 * @throws {DataError} as `readTrained`.
 */
export async function trainedElsewhere(folder: string): Promise<Elsewhere> {
  const trained = await readTrained(folder);
  const { engine, device, processes, precision, seconds } = trained;
  return {
    facts: { engine, device, processes, precision, seconds },
    network: (part, { encoder, summary }) => trainedNetwork(folder, trained, encoderDigest(encoder, summary), part),
  };
}

/**
 * Returns a trained network of a model, as if it had been trained here: rows that no training row touched have the mean of
 * the others.
 * @param digest `encoderDigest` of the log that the model is for
 * @throws {DataError} where the weights belong to another log or declaration, are of another network, or were changed.
 */
async function trainedNetwork(
  folder: string,
  { networks, encoderSha256 }: Trained,
  digest: string,
  { name, model }: TrainedModelPart,
): Promise<FittedNetwork> {
  const wrong = (problem: string) => new DataError('weights_do_not_fit', `trained weights in ${folder} ${problem}`);
  if (encoderSha256 !== digest)
    throw wrong('belong to another log or declaration: their vocabularies and inputs are not those of this one');
  const found = networks.find((network) => network.name === name);
  if (found === undefined) throw wrong(`have no network ${name ?? 'of the whole model'}`);
  const path = join(folder, found.weights);
  if ((await digestFile(path)).sha256 !== found.sha256)
    throw wrong(`were changed: ${found.weights} has another SHA-256`);
  const arrays = await readArrays(path, model).catch((cause: unknown) => {
    if (cause instanceof RangeError) throw wrong(`cannot be read: ${cause.message}`);
    throw cause;
  });
  const tables = byName(model.embeddings.tables, (table) => arrays.get(`table/${table}`) as Float32Array);
  const parameters = byName(model.network.parameters, (of) => arrays.get(`parameter/${of}`) as Float32Array);
  for (const [of, values] of Object.entries({ ...tables, ...parameters }))
    if (!values.every(Number.isFinite)) throw wrong(`are not finite: ${of}`);
  const touched = byName(model.embeddings.tables, (table) => arrays.get(`touched/${table}`) as Uint8Array);
  const filledRows = fillUntrainedRows(model.embeddings.tables, tables, touched);
  const { epochs, bestEpoch, stopped, stopBy } = found;
  const history = epochs.map((epoch) => ({ ...epoch, validationOutputs: null }));
  return { name, weights: { parameters, tables }, epochs: history, bestEpoch, stopped, stopBy, filledRows };
}

function readArrays(path: string, { network, embeddings }: TrainedModelPart['model']) {
  return readSafetensors(path, [
    ...network.parameters.map(({ name, shape }) => {
      return { name: `parameter/${name}`, size: shape.reduce((a, b) => a * b, 1), type: 'F32' as const };
    }),
    ...embeddings.tables.flatMap(({ name, rows, dimension }) => [
      { name: `table/${name}`, size: rows * dimension, type: 'F32' as const },
      { name: `touched/${name}`, size: rows, type: 'U8' as const },
    ]),
  ]);
}

function byName<T>(of: readonly { readonly name: string }[], arrayOf: (name: string) => T): Record<string, T> {
  return Object.fromEntries(of.map(({ name }) => [name, arrayOf(name)]));
}
