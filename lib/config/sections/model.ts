import * as z from 'zod';
import { atMost, duration, featureName, modelFile, notNegative, sha256, whole } from '../value-schemas.ts';
import { camelKeys } from './camel-keys.ts';

/** Names of the networks. Each has a file in `lib/model/models/`. */
export const MODEL_TYPES = [
  'esmm',
  'esmm-ns',
  'base',
  'aman',
  'oversampling',
  'escm2-ips',
  'escm2-dr',
  'dcmt',
  'division',
  'unbias',
  'aitm',
  'delayed',
  'delay-buckets',
] as const;

/** Whether models of the type learn from the delays of events, and so from rows that are too young for a label. */
export function isDelayed(type: (typeof MODEL_TYPES)[number]): boolean {
  return type === 'delayed' || type === 'delay-buckets';
}

/** What the hidden layers of a tower read: its input, or a mixture of experts. */
export const TOWERS = ['mlp', 'mmoe', 'ple'] as const;

/** Layers beside a tower's hidden ones. */
export const CROSSES = ['none', 'dcn'] as const;

/** Units of consecutive layers. */
const units = z.array(whole(1, 16_384)).min(1, 'at least one layer').max(20, 'at most 20 layers');

const BUCKETS = 'a number from 2 to 20, or a list of durations such as [1d, 3d, 7d]';

/** The keys that a model of one's own may have. All others choose a network of the family, or set it. */
const OF_ANY_MODEL: readonly string[] = ['file', 'sha256', 'hidden_units', 'fields'];

/** Least propensity by default. */
export const PROPENSITY_FLOOR = 0.01;

/** Schema of the section `model`. The defaults of experts and cross layers depend on other keys: see `resolveModel`. */
export const model = z
  .strictObject({
    type: z.enum(MODEL_TYPES).optional().describe('The network and its objective. Default: esmm.'),
    file: modelFile
      .optional()
      .describe('File of a model of your own, .ts or .js, relative to this one; instead of a type.'),
    sha256: sha256
      .optional()
      .describe('SHA-256 of the model in the file, as `entirespace validate` prints it: no other is trained.'),
    hidden_units: units.default([200, 80]).describe("Units of each tower's hidden layers."),
    /** The sum by entity is that of figure 2 of arXiv 1804.07931. */
    fields: z
      .enum(['concatenate', 'sum_by_entity'])
      .default('concatenate')
      .describe('Embeddings side by side, or summed over the features of an entity.'),
    rate: atMost(1)
      .optional()
      .describe('With type aman: share of the rows without a click that train the CVR tower. Default: 0.2.'),
    factor: whole(2, 1000)
      .optional()
      .describe('With type oversampling: how often a row with a conversion trains the CVR tower. Default: 5.'),
    correction: z
      .enum(['rejection', 'weights'])
      .optional()
      .describe('With type unbias: clicked rows are rejected at random, or weighted. Default: rejection.'),
    quantile: atMost(0.5)
      .optional()
      .describe('With type unbias: quantile of pctr below which clicked rows are taken as they are. Default: 0.1.'),
    debias_weight: notNegative
      .optional()
      .describe('With escm2-ips, escm2-dr and dcmt: weight of the debiased losses. Default: 0.1.'),
    propensity_floor: atMost(1)
      .optional()
      .describe(`With these types: least propensity; a smaller one counts as this. Default: ${PROPENSITY_FLOOR}.`),
    prior_weight: notNegative
      .optional()
      .describe('With dcmt: weight of the distance of the twin from the complement. Default: 0.001.'),
    order_weight: notNegative
      .optional()
      .describe('With aitm: weight of the loss of stages that are more probable than the one before. Default: 0.6.'),
    buckets: z
      .union([whole(2, 20), z.array(duration).min(1, BUCKETS)], BUCKETS)
      .optional()
      .describe(
        'With delay-buckets: bounds between the buckets, or how many there are, each twice as long. Default: 6.',
      ),
    tower: z
      .enum(TOWERS)
      .optional()
      .describe('What the hidden layers of a tower read: its input, or experts (mmoe, ple). Default: mlp.'),
    experts: whole(0, 64).optional().describe('Experts that all towers share. Default: 4 with mmoe, 2 with ple.'),
    own_experts: whole(0, 64).optional().describe('With ple: experts of each tower. Default: 2.'),
    expert_units: units.optional().describe("Units of each expert's hidden layers. Default: [64]."),
    expert_levels: whole(1, 8).optional().describe('With ple: levels of experts, one on another. Default: 2.'),
    crosses: z
      .enum(CROSSES)
      .optional()
      .describe('Layers beside the hidden ones that multiply columns with each other (DCN V2). Default: none.'),
    wide: z
      .array(featureName, 'a list of features')
      .optional()
      .describe("Features whose values each have a weight of their own in every tower's logits. Default: none."),
    cross_layers: whole(1, 16).optional().describe('With crosses: number of layers. Default: 2.'),
    cross_rank: whole(1, 16_384).optional().describe("With crosses: rank of the layers' weights. Default: full."),
  })
  .superRefine((section, context) => {
    const problem = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    const ofFamily = Object.entries(section).filter(
      ([key, value]) => value !== undefined && !OF_ANY_MODEL.includes(key),
    );
    if (section.file !== undefined)
      for (const [key] of ofFamily) problem(key, 'it without model.file, which has the network');
    if (section.sha256 !== undefined && section.file === undefined) problem('sha256', 'it with model.file only');
  })
  .transform(({ type = 'esmm', file = null, sha256 = null, tower = 'mlp', crosses = 'none', wide = [], ...section }) =>
    camelKeys({ type, file, sha256, tower, crosses, wide, ...section }),
  )
  .prefault({})
  .describe('Which network is trained.');

/** The section `model`, as parsed. */
export interface ModelShape extends z.output<typeof model> {}

/** Settings that some types have. The defaults are those of the type's file in `lib/model/models/`. */
export interface TypeSettings
  extends Pick<
    ModelShape,
    | 'rate'
    | 'factor'
    | 'correction'
    | 'quantile'
    | 'debiasWeight'
    | 'propensityFloor'
    | 'priorWeight'
    | 'orderWeight'
    | 'buckets'
  > {}

/** Which network is trained, and how large it is. */
export interface ModelChoice
  extends Pick<ModelShape, 'type' | 'file' | 'sha256' | 'hiddenUnits' | 'fields' | 'wide'>,
    TypeSettings {
  /** The experts under the towers; `null` where each tower reads its input. */
  readonly experts: ExpertsChoice | null;
  /** The cross layers beside the towers' hidden layers; `null` for none. */
  readonly crosses: CrossesChoice | null;
}

/** Mixtures of experts: MMoE has one level, and no own experts of a tower. */
export interface ExpertsChoice {
  /** Experts of a level that all towers share. */
  readonly shared: number;
  /** Experts of a level that each tower has to itself. */
  readonly own: number;
  /** Units of each expert's hidden layers. */
  readonly units: readonly number[];
  readonly levels: number;
}

/** Cross layers. */
export interface CrossesChoice {
  readonly layers: number;
  /** Rank of the layers' weights; `null` for full rank. */
  readonly rank: number | null;
}
