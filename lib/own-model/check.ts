/**
 * Checks what training and scoring take for granted of a model, on rows of ordinary values: that a row's values depend on
 * that row alone, since threads compute the rows of a batch apart and candidates come in any company; that outputs are
 * probabilities; and that every parameter and feature can be trained.
 */
import type { Weights } from '../engine/engine.ts';
import { traceLogits, traceScores } from '../engine/ort/scoring-graph.ts';
import { Session } from '../engine/ort/session.ts';
import { traceLoss, traceStep } from '../engine/ort/step-model.ts';
import { lossName, parameterName } from '../engine/step/step-names.ts';
import { type Graph, prune } from '../graph/graph.ts';
import { onnxBytes } from '../graph/onnx-file.ts';
import type { Model } from '../model/model.ts';
import { ModelError } from '../model/own/model-error.ts';
import type { InputSpec } from '../table/encoded.ts';
import { firstLine } from '../table/errors.ts';
import { assertOwnRows, assertProbabilities, assertSums, assertTrainable, type Probed } from './assertions.ts';
import type { LoadedDefinition } from './definition.ts';
import { drawnWeights, ProbeRows, type Values } from './probe-rows.ts';

const ROWS = 6;
const SEEDS = [1, 2] as const;
/** Rows on which no unit of a layer should be 0 everywhere by chance. */
const TRAINED_ROWS = 32;

/**
 * Checks a model with presumed inputs.
 * @throws {ModelFileError} for the first promise that it does not keep.
 */
export async function checkModel(model: Model, inputs: readonly InputSpec[], loaded: LoadedDefinition): Promise<void> {
  const { guarded, traced } = loaded;
  const loss = lossesOf(traced(() => traceLoss(model)));
  guarded(() => assertUsed(model, loss));
  const weights = probeWeights(model);
  const probe = (graph: Graph) => runProbe(graph, model, loaded);
  const losses = await probe(loss);
  guarded(() => assertSums(losses));
  for (const trace of [traceScores, traceLogits]) {
    const values = await probe(traced(() => trace(model, inputs, weights)));
    guarded(() => assertOwnRows(values));
    if (trace === traceScores) guarded(() => assertProbabilities(model.graph, values.whole));
  }
  const step = traced(() => stepGraph(model, null));
  const gradients = await withSession(step, loaded, (session) =>
    Promise.all(SEEDS.map((seed) => run(session, probeRows(step, model, TRAINED_ROWS, seed), 0, TRAINED_ROWS))),
  );
  guarded(() => assertTrainable(model, gradients));
  // Batches share the rows of users, in a graph of its own.
  if (model.layout.parts.some(({ entity }) => entity === 'user')) traced(() => stepGraph(model, 'user'));
}

/** Returns the graph of the losses alone, without the probabilities that validation wants beside them. */
function lossesOf(graph: Graph): Graph {
  return prune({ ...graph, outputs: graph.outputs.filter(({ name }) => name.startsWith(lossName(''))) });
}

function assertUsed({ network }: Model, { nodes }: Graph): void {
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const unused = network.parameters.filter(({ name }) => !used.has(parameterName(name)));
  if (unused.length > 0)
    throw new ModelError(`parameters that no loss depends on: ${unused.map(({ name }) => name).join(', ')}`);
}

const NO_GRADIENT = /^Cannot compute gradient of y=f\(x\)/;

/** Traces a step of training, in which hidden units are dropped if the model has masks. */
function stepGraph(model: Model, shared: 'user' | null): Graph {
  try {
    return traceStep(model, { hasMasks: model.network.masks.length > 0, shared }).graph;
  } catch (error) {
    if (!(error instanceof Error && NO_GRADIENT.test(error.message))) throw error;
    const what = shared === null ? 'a parameter or the embedded features' : `the embedded features of entity ${shared}`;
    throw new ModelError(`no gradient reaches ${what}, expected operations that can be differentiated`);
  }
}

function probeWeights({ network, embeddings }: Model): Weights {
  const drawn = (name: string, shape: readonly number[]) => [name, drawnWeights(name, shape, SEEDS[0])] as const;
  return {
    parameters: Object.fromEntries(network.parameters.map(({ name, shape }) => drawn(name, shape))),
    tables: Object.fromEntries(embeddings.tables.map(({ name, rows, dimension }) => drawn(name, [rows, dimension]))),
  };
}

/** Runs a graph on all rows, on each row alone, and on the rows in two parts. */
async function runProbe(graph: Graph, model: Model, loaded: LoadedDefinition): Promise<Probed> {
  const rows = probeRows(graph, model, ROWS, SEEDS[0]);
  return withSession(graph, loaded, async (session) => {
    const alone: Values[] = [];
    for (let row = 0; row < ROWS; row++) alone.push(await run(session, rows, row, row + 1));
    const parts = [await run(session, rows, 0, 2), await run(session, rows, 2, ROWS)];
    return { whole: await run(session, rows, 0, ROWS), alone, parts };
  });
}

function probeRows({ inputs }: Graph, { embeddings }: Model, rows: number, seed: number): ProbeRows {
  return new ProbeRows(inputs, rows, { seed, ids: Math.min(...embeddings.tables.map((table) => table.rows)) });
}

async function run(session: Session, rows: ProbeRows, from: number, to: number): Promise<Values> {
  return (await session.run(rows.rows(from, to))) as Values;
}

/** Opens a graph in onnxruntime, which knows more of shapes than TF.js tells while a function is traced. */
async function withSession<T>(
  graph: Graph,
  { guarded }: LoadedDefinition,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const refuse = (error: unknown): never =>
    guarded(() => {
      throw new ModelError(`the traced graph does not run: ${firstLine(error)}`);
    });
  const session = await Session.open(onnxBytes(graph), { threads: 1 }).catch(refuse);
  try {
    return await work(session).catch(refuse);
  } finally {
    await session.release();
  }
}
