import type { Declaration, EntityTable, Split, TrainingChoice } from '../declaration.ts';
import { orderedEntities } from '../features/one-column.ts';
import type { FileShape } from '../schema/schema.ts';
import { isDelayed } from '../sections/model.ts';
import type { TrainingShape } from '../sections/training.ts';
import { resolveOutputs } from './outputs.ts';
import { resolveEmbeddings, resolveFeature, resolvePenalties } from './resolve-features.ts';
import { resolveModel } from './resolve-model.ts';
import { resolveScoring } from './resolve-scoring.ts';
import { hasValidation, resolveSplit } from './resolve-split.ts';
import { resolveRoles, resolveStages } from './resolve-stages.ts';

/** Turns the values of a file without mistakes into a declaration. */
export function resolveDeclaration(file: FileShape): Declaration {
  const stages = resolveStages(file.stages, file.root);
  const roles = resolveRoles(file.roles, stages, file.root);
  const split = resolveSplit(file.split, file.log, isDelayed(file.model.type));
  return {
    name: file.name,
    root: file.root,
    stages,
    roles,
    log: file.log,
    csv: file.csv,
    split,
    entities: entitiesOf(file.entities),
    embeddings: resolveEmbeddings(file.embeddings, file.features),
    features: Object.entries(file.features).map(([name, feature]) => resolveFeature(name, feature)),
    model: resolveModel(file.model),
    training: { ...trainingOf(file.training, split), l2Tables: resolvePenalties(file.embeddings, file.features) },
    scoring: resolveScoring(file.scoring, resolveOutputs(file.root, stages, roles)),
    gate: file.gate,
    report: file.report,
    monitoring: file.monitoring,
  };
}

function entitiesOf(entities: FileShape['entities']): readonly EntityTable[] {
  return orderedEntities(Object.keys(entities)).flatMap((entity) => {
    const table = entities[entity];
    return table === undefined ? [] : [{ entity, ...table }];
  });
}

/**
 * Fills in the defaults that depend on other sections: `patience` is two epochs if there are validation rows, otherwise
 * training never stops early.
 */
function trainingOf(
  { batchSize, patience, ...training }: TrainingShape,
  split: Split,
): Omit<TrainingChoice, 'l2Tables'> {
  return {
    ...training,
    batchSize: batchSize ?? null,
    patience: patience === undefined ? (hasValidation(split) ? 2 : null) : patience,
  };
}
