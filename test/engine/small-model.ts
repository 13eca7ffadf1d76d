/** A small model with an input of every kind, and rows for it that are computed by formulas. */
import type { Entity, ModelChoice } from '../../lib/config/declaration.ts';
import type { SequencePooling } from '../../lib/config/features/sequence.ts';
import { type Model, modelOf } from '../../lib/model/model.ts';
import { type StageGraph, stageGraph } from '../../lib/model/stage-graph.ts';
import type { EncodedChunk, InputSpec, TableSpec } from '../../lib/table/encoded.ts';
import { chainOfThree, delayedChain, esm2 } from '../model/funnels.ts';

/** The embedding tables of the small model's encoder. */
export const TABLES: readonly TableSpec[] = [
  { name: 'item', dimension: 6, rows: 40 },
  { name: 'city', dimension: 6, rows: 9 },
  { name: 'age', dimension: 6, rows: 5 },
];

/** The inputs of the small model, at least one of every kind. */
export const INPUTS: readonly InputSpec[] = [
  { kind: 'id', name: 'city', entity: 'user', table: 'city' },
  { kind: 'bag', name: 'history', entity: 'user', table: 'item', length: 4, combiner: 'mean' },
  { kind: 'quantile', name: 'age', entity: 'user', table: 'age', boundaries: [-0.5, 0.25, 1] },
  { kind: 'id', name: 'item', entity: 'item', table: 'item' },
  { kind: 'number', name: 'price', entity: 'item', clip: [-3, 4], log1p: true, mean: 0.1, deviation: 0.7 },
  { kind: 'number', name: 'score', entity: 'context', clip: null, log1p: false, mean: 0, deviation: 1 },
];

/** A vector of the item, of which some rows have none. */
const TEXT: InputSpec = {
  kind: 'vector',
  name: 'text',
  entity: 'item',
  length: 3,
  clip: [null, 1.5],
  log1p: true,
  means: [0.2, -0.1, 0],
  deviations: [0.5, 1, 2],
};

/** Inputs with a vector besides. */
export function withVector(inputs: readonly InputSpec[] = INPUTS): readonly InputSpec[] {
  return [...inputs, TEXT];
}

/** The same with a sequence, which shares the table of the item. */
export function inputsWith(pooling: SequencePooling, entity: Entity = 'user'): readonly InputSpec[] {
  return [...INPUTS, { kind: 'sequence', name: 'seen', entity, table: 'item', length: 4, pooling }];
}

/** Returns the inputs of a model. */
export function inputsOf({ layout }: Model): InputSpec[] {
  return [...layout.fields.map(({ input }) => input), ...layout.numbers];
}

/** What a variant of the small model chooses. */
export type SmallChoice = Omit<Partial<ModelChoice>, 'hiddenUnits'>;

/** Returns the small model, by default ESMM on impression, click and conversion. */
export function smallModel(
  fields: ModelChoice['fields'] = 'concatenate',
  graph: StageGraph = stageGraph(chainOfThree),
  choice: ModelChoice['type'] | SmallChoice = 'esmm',
  inputs: readonly InputSpec[] = INPUTS,
): Model {
  const chosen = typeof choice === 'string' ? { type: choice } : choice;
  return modelOf(graph, { type: 'esmm', hiddenUnits: [16, 8], fields, ...chosen }, inputs, TABLES);
}

const MMOE = { shared: 3, own: 0, units: [7], levels: 1 } as const;
/** A model whose users have a sequence. */
function withSequence(pooling: SequencePooling, choice: SmallChoice = {}, entity: Entity = 'user'): Model {
  return smallModel('concatenate', stageGraph(chainOfThree), choice, inputsWith(pooling, entity));
}

/** Poolings of a sequence: target attention, an LSTM with attention of its own, and one with target attention. */
export const ATTENTION = { kind: 'attention', to: 'item', units: [5, 4], positions: true } as const;
export const DIN = { kind: 'attention', to: 'item', units: [5], positions: false } as const;
export const LSTM = { kind: 'lstm', to: null, units: [5], positions: false } as const;
export const TARGET_LSTM = { kind: 'lstm', to: 'item', units: [5], positions: false } as const;

const PLE = { shared: 1, own: 2, units: [7, 6], levels: 2 } as const;

/** A variant of the small model. */
export interface SmallVariant {
  readonly name: string;
  readonly model: Model;
}

/** Variants of the small model that the engines are tested on. */
export const MODELS: readonly SmallVariant[] = [
  { name: 'ESMM', model: smallModel() },
  { name: 'ESMM with fields summed by entity', model: smallModel('sum_by_entity') },
  { name: 'ESMM with a vector', model: smallModel('concatenate', stageGraph(chainOfThree), 'esmm', withVector()) },
  { name: 'ESMM on the funnel of ESM2', model: smallModel('concatenate', stageGraph(esm2)) },
  { name: 'ESMM-NS', model: smallModel('concatenate', stageGraph(chainOfThree), 'esmm-ns') },
  {
    name: 'ESMM-NS on the funnel of ESM2, with fields summed by entity',
    model: smallModel('sum_by_entity', stageGraph(esm2), 'esmm-ns'),
  },
  { name: 'BASE', model: smallModel('concatenate', stageGraph(chainOfThree), 'base') },
  { name: 'DIVISION', model: smallModel('concatenate', stageGraph(chainOfThree), 'division') },
  { name: 'BASE on the funnel of ESM2', model: smallModel('concatenate', stageGraph(esm2), 'base') },
  {
    name: 'ESMM with MMoE and crosses',
    model: smallModel('concatenate', stageGraph(chainOfThree), { experts: MMOE, crosses: { layers: 2, rank: null } }),
  },
  { name: 'ESMM with PLE on the funnel of ESM2', model: smallModel('concatenate', stageGraph(esm2), { experts: PLE }) },
  {
    name: 'BASE with crosses of low rank, with fields summed by entity',
    model: smallModel('sum_by_entity', stageGraph(chainOfThree), { type: 'base', crosses: { layers: 1, rank: 2 } }),
  },
  {
    name: 'ESMM with wide features',
    model: smallModel('concatenate', stageGraph(chainOfThree), { wide: ['city', 'history', 'item'] }),
  },
  {
    name: 'BASE with a wide feature on the funnel of ESM2, with fields summed by entity',
    model: smallModel('sum_by_entity', stageGraph(esm2), { type: 'base', wide: ['age'] }),
  },
  { name: 'ESCM2-IPS on the funnel of ESM2', model: smallModel('concatenate', stageGraph(esm2), 'escm2-ips') },
  {
    name: 'ESCM2-DR with MMoE',
    model: smallModel('concatenate', stageGraph(chainOfThree), { type: 'escm2-dr', experts: MMOE }),
  },
  { name: 'DCMT', model: smallModel('concatenate', stageGraph(chainOfThree), 'dcmt') },
  { name: 'ESMM with target attention', model: withSequence(ATTENTION) },
  { name: 'ESMM with an LSTM', model: withSequence(LSTM) },
  {
    name: 'ESMM with the attention of a context, MMoE and crosses',
    model: withSequence({ ...DIN, to: 'city' }, { experts: MMOE, crosses: { layers: 1, rank: null } }, 'context'),
  },
  { name: 'BASE with an LSTM and target attention', model: withSequence(TARGET_LSTM, { type: 'base' }) },
  { name: 'ESMM-NS with target attention', model: withSequence(DIN, { type: 'esmm-ns', wide: ['city'] }) },
  { name: 'DELAYED', model: smallModel('concatenate', stageGraph(delayedChain), 'delayed') },
  {
    name: 'DELAY-BUCKETS with crosses',
    model: smallModel('concatenate', stageGraph(delayedChain), {
      type: 'delay-buckets',
      buckets: 3,
      crosses: { layers: 1, rank: 2 },
    }),
  },
  { name: 'AITM with PLE', model: smallModel('concatenate', stageGraph(chainOfThree), { type: 'aitm', experts: PLE }) },
];

const named = (...names: readonly string[]) => MODELS.filter(({ name }) => names.includes(name));
const without = (variants: readonly SmallVariant[]) => MODELS.filter((variant) => !variants.includes(variant));

/** The variants whose embeddings are laid out differently. */
export const LAYOUTS = named(
  'ESMM',
  'ESMM with a vector',
  'ESMM with fields summed by entity',
  'ESMM-NS',
  'ESMM with wide features',
  'ESMM with target attention',
);

/** The variants that are tested on one thread, and on three. */
export interface Variants {
  readonly alone: readonly SmallVariant[];
  readonly onThreads: readonly SmallVariant[];
}

export const EVERY: Variants = { alone: MODELS, onThreads: MODELS };

/** A few that show most of it. */
export const FEW: Variants = {
  alone: LAYOUTS,
  onThreads: named('ESMM with fields summed by entity', 'ESMM with target attention'),
};

/** The others. */
export const REST: Variants = { alone: without(FEW.alone), onThreads: without(FEW.onThreads) };

/**
 * Variants on one thread, and on three those whose embeddings are laid out differently: each is also compared on three
 * threads with itself on one (threads.ts).
 */
export function byThreads({ alone, onThreads }: Variants): readonly (SmallVariant & { readonly threads: number })[] {
  return [
    ...alone.map((variant) => ({ ...variant, threads: 1 })),
    ...onThreads.filter((variant) => LAYOUTS.includes(variant)).map((variant) => ({ ...variant, threads: 3 })),
  ];
}

/**
 * Returns encoded rows with missing, unknown and known values, empty and full bags, and numbers on both sides of every
 * boundary.
 */
export function smallChunk(rows: number, from = 0): EncodedChunk {
  const row = (of: (i: number) => number) => Array.from({ length: rows }, (_, i) => of(from + i));
  const slots = (of: (i: number, k: number) => number) =>
    row((i) => i).flatMap((i) => [0, 1, 2, 3].map((k) => of(i, k)));
  const filled = (i: number) => i % 5;
  return {
    rows,
    ids: {
      city: Int32Array.from(row((i) => (i * 7) % 9)),
      item: Int32Array.from(row((i) => (i * i + 3) % 40)),
      history: Int32Array.from(slots((i, k) => (k < filled(i) ? (i * 3 + k * k) % 40 : 0))),
      seen: Int32Array.from(slots((i, k) => (k < filled(i + 2) ? (i * 5 + k * 2) % 40 : 0))),
    },
    weights: {
      history: Float32Array.from(slots((i, k) => (k < filled(i) ? 0.5 + ((i + k) % 3) : 0))),
      seen: Float32Array.from(slots((i, k) => Number(k < filled(i + 2)))),
    },
    numbers: {
      age: Float32Array.from(row((i) => (i % 11 === 0 ? Number.NaN : Math.sin(i) * 1.5))),
      price: Float32Array.from(row((i) => (i % 13 === 0 ? Number.NaN : Math.cos(i * 1.3) * 6))),
      score: Float32Array.from(row((i) => Math.sin(i * 0.7))),
      text: Float32Array.from(
        row((i) => i).flatMap((i) => [0, 1, 2].map((k) => (i % 6 === 0 ? Number.NaN : Math.sin(i * 0.3 + k) * 2))),
      ),
    },
  };
}
