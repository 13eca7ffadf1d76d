import type { Declaration, EntityTable, GateChoice, Log, ModelChoice, TrainingChoice } from '../declaration.ts';
import type { FileShape } from '../schema/schema.ts';
import { parseDuration } from '../units.ts';
import { resolveEmbeddings, resolveFeature } from './resolve-features.ts';
import { hasValidation, resolveSplit } from './resolve-split.ts';
import { resolveRoles, resolveStages } from './resolve-stages.ts';

/** Turns the values of a file without mistakes into a declaration. */
export function resolveDeclaration(file: FileShape): Declaration {
  const stages = resolveStages(file.stages, file.root);
  const split = resolveSplit(file.split, file.log);
  return {
    name: file.name,
    root: file.root,
    stages,
    roles: resolveRoles(file.roles, stages, file.root),
    log: logOf(file.log),
    split,
    entities: entitiesOf(file.entities),
    embeddings: resolveEmbeddings(file.embeddings, file.features),
    features: Object.entries(file.features).map(([name, feature]) => resolveFeature(name, feature)),
    model: modelOf(file.model),
    training: trainingOf(file.training, hasValidation(split) ? 2 : null),
    scoring: { columns: file.scoring.columns, maxRejected: file.scoring.max_rejected },
    gate: gateOf(file.gate),
    report: file.report,
  };
}

function logOf({ keys, time, group, kept, outcomes, max_rejected }: FileShape['log']): Log {
  return {
    keys,
    time: time ?? null,
    group: group ?? null,
    kept: typeof kept === 'string' ? { column: kept } : (kept ?? null),
    outcomes,
    maxRejected: max_rejected,
  };
}

function entitiesOf(entities: FileShape['entities']): readonly EntityTable[] {
  return (['user', 'item'] as const).flatMap((entity) => {
    const table = entities[entity];
    return table === undefined ? [] : [{ entity, ...table }];
  });
}

function modelOf({ type, hidden_units, fields }: FileShape['model']): ModelChoice {
  return { type, hiddenUnits: hidden_units, fields };
}

function trainingOf(training: FileShape['training'], patience: number | null): TrainingChoice {
  return {
    batchSize: training.batch_size,
    epochs: training.epochs,
    optimizer: training.optimizer,
    learningRate: training.learning_rate,
    momentum: training.momentum,
    warmupSteps: training.warmup_steps,
    learningRateDecay: training.learning_rate_decay,
    l2Embeddings: training.l2_embeddings,
    dropout: training.dropout,
    patience: training.patience === undefined ? patience : training.patience,
    seed: training.seed,
    calibration: training.calibration,
  };
}

function gateOf(gate: FileShape['gate']): GateChoice {
  return {
    minConversions: gate.min_conversions,
    maxAgeMs: gate.max_age === null ? null : parseDuration(gate.max_age),
    tolerance: gate.tolerance,
    pcoc: gate.pcoc,
    labelRate: gate.label_rate,
    maxUnknown: gate.max_unknown,
    drift: gate.drift,
  };
}
