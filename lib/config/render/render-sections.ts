/** The sections of a resolved declaration as a file declares them. */
import type { Declaration, ModelChoice, Split, Stage, TimeBound } from '../declaration.ts';
import { snakeKeys } from '../sections/camel-keys.ts';
import { durationText } from '../units.ts';
import { given, type Members } from './members.ts';

/** Returns the section `stages`. */
export function stagesSection(stages: readonly Stage[]): Members {
  return Object.fromEntries(stages.map((stage) => [stage.name, stageMembers(stage)]));
}

/** The members of a stage; one without a label has no settings of one. */
function stageMembers({ name, from, complementOf, exclusive, label, withinMs, ...settings }: Stage): Members {
  const place = given({ from, complement_of: complementOf, exclusive });
  return label === null
    ? place
    : {
        ...place,
        label,
        ...given({ ...snakeKeys(settings), within: withinMs === null ? null : durationText(withinMs) }),
      };
}

/** Returns the section `log`. */
export function logSection({ followUp, kept, truth, ...log }: Declaration['log']): Members {
  return given({
    ...snakeKeys(log),
    follow_up: followUp === undefined ? null : durationText(followUp),
    kept: typeof kept === 'object' ? kept?.column : kept,
    truth: truth === null ? null : given(snakeKeys(truth)),
  });
}

/** Returns the section `split`. */
export function splitSection(split: Split): Members {
  switch (split.by) {
    case 'hash':
      return { hash: split.columns, seed: split.seed, validation: split.validation, test: split.test };
    case 'time':
      return { time: true, validation: boundOf(split.validation), test: boundOf(split.test) };
    case 'column':
      return { column: split.column, train: split.train, validation: split.validation, test: split.test };
  }
}

function boundOf(bound: TimeBound): number | string {
  return 'share' in bound ? bound.share : new Date(bound.from).toISOString();
}

/** Returns the section `entities`. */
export function entitiesSection(entities: Declaration['entities']): Members {
  return Object.fromEntries(entities.map(({ entity, ...table }) => [entity, table]));
}

/** Returns the section `model`. A model of one's own has no type. */
export function modelSection({ type, file, sha256, experts, crosses, wide, ...model }: ModelChoice): Members {
  if (file !== null) return { ...given({ file, sha256 }), ...snakeKeys(model) };
  return {
    type,
    ...snakeKeys(model),
    ...expertsMembers(experts),
    ...(crosses === null
      ? { crosses: 'none' }
      : { crosses: 'dcn', cross_layers: crosses.layers, ...given({ cross_rank: crosses.rank }) }),
    wide,
  };
}

/** One level of experts, none of a tower's own, is MMoE. */
function expertsMembers(experts: ModelChoice['experts']): Members {
  if (experts === null) return { tower: 'mlp' };
  const { shared, own, units, levels } = experts;
  if (own === 0 && levels === 1) return { tower: 'mmoe', experts: shared, expert_units: units };
  return { tower: 'ple', experts: shared, own_experts: own, expert_units: units, expert_levels: levels };
}

/** Returns the section `training`. The penalties of tables are told with them. */
export function trainingSection({ l2Tables, batchSize, ...training }: Declaration['training']): Members {
  return { ...given({ batch_size: batchSize }), ...snakeKeys(training) };
}

/** Returns the section `scoring`. */
export function scoringSection({ score, rank, ...scoring }: Declaration['scoring']): Members {
  return {
    ...snakeKeys(scoring),
    score: score?.text ?? null,
    rank: rank && given({ ...rank, within: rank.within.length === 0 ? null : rank.within }),
  };
}

/** Returns the section `gate`. */
export function gateSection({ maxAgeMs, ...gate }: Declaration['gate']): Members {
  return { ...snakeKeys(gate), max_age: durationOrNull(maxAgeMs) };
}

/** Returns the section `monitoring`. */
export function monitoringSection({ money, matchesWithinMs, stale, ...limits }: Declaration['monitoring']): Members {
  const pairs = Object.entries(limits).map(([key, { watch, act }]) => [key, [watch, act]] as const);
  return {
    ...Object.fromEntries(pairs),
    stale: [durationOrNull(stale.watch), durationOrNull(stale.act)],
    matches_within: durationText(matchesWithinMs),
    ...given({ money }),
  };
}

function durationOrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : durationText(milliseconds);
}
