import type { Mistake, Path } from '../declaration-error.ts';
import { formatPath } from '../declaration-error.ts';
import { featureKind } from '../features/kinds.ts';
import { sameColumn } from '../names.ts';
import type { Draft } from '../schema/draft.ts';

interface Use {
  readonly path: Path;
  readonly column: string;
}

/** Columns that the scores add, whatever the funnel. */
const OUTPUT = /^(pctr|pcvr|pctcvr|p_.*)$/i;

/** Checks what the columns of the log are used for, and the names that become columns of the scores. */
export function checkColumns(draft: Draft): readonly Mistake[] {
  const { log } = draft.file;
  const later = [...labels(draft), ...listed(log?.outcomes, 'outcomes')];
  const kept: readonly Use[] = typeof log?.kept === 'string' ? [{ path: ['log', 'kept'], column: log.kept }] : [];
  const keys = listed(log?.keys, 'keys');
  return [
    ...checkLeaks([...keys, ...entityKeys(draft), ...features(draft)], [...later, ...kept]),
    ...checkLeaks(listed(log?.outcomes, 'outcomes'), kept),
    ...checkTwice(keys),
    ...checkTwice(segments(draft)),
    ...keys.filter(({ column }) => OUTPUT.test(column)).map(({ path, column }) => outputTaken(path, column)),
    ...checkFeatureNames(draft),
  ];
}

/** What is known at scoring must not be a column that is known only afterwards. */
function checkLeaks(uses: readonly Use[], later: readonly Use[]): readonly Mistake[] {
  return uses.flatMap(({ path, column }) => {
    const leak = later.find((use) => sameColumn(use.column, column));
    if (leak === undefined) return [];
    return [{ path, message: `got ${column}, which is ${formatPath(leak.path)}, expected a column known at scoring` }];
  });
}

function checkTwice(uses: readonly Use[]): readonly Mistake[] {
  return uses
    .filter(({ column }, i) => uses.findIndex((use) => sameColumn(use.column, column)) < i)
    .map(({ path, column }) => ({ path, message: `got ${column} twice, expected it once` }));
}

function checkFeatureNames(draft: Draft): readonly Mistake[] {
  const names = draft.names('features');
  const bags = Object.entries(draft.file.features ?? {}).flatMap(([name, feature]) => {
    const weights = featureKind(feature).weightsInput(name);
    return weights === null ? [] : [{ name, weights }];
  });
  return names.flatMap((name, i): readonly Mistake[] => {
    const path = ['features', name];
    if (OUTPUT.test(name)) return [outputTaken(path, name)];
    const bag = bags.find(({ weights }) => sameColumn(name, weights));
    if (bag !== undefined)
      return [{ path, message: `got the name of the weights of the bag ${bag.name}, expected another` }];
    const first = names.slice(0, i).find((other) => sameColumn(other, name));
    return first === undefined ? [] : [{ path, message: `differs from ${first} by case only, expected another name` }];
  });
}

function outputTaken(path: Path, name: string): Mistake {
  return { path, message: `got ${name}, a name of the scores' probabilities, expected another` };
}

function labels(draft: Draft): readonly Use[] {
  return Object.entries(draft.file.stages ?? {}).flatMap(([stage, { label }]) =>
    label === undefined ? [] : [{ path: ['stages', stage, 'label'], column: label }],
  );
}

function features(draft: Draft): readonly Use[] {
  return Object.entries(draft.file.features ?? {}).flatMap(([name, feature]) => {
    const columns = featureKind(feature).columns(name, feature);
    // Where a malformed `column` was taken out, the feature's name, which stands for a missing one, was not meant.
    return draft.isSound(`features.${name}.column`) ? columns : columns.filter(({ path }) => path.length > 2);
  });
}

function entityKeys(draft: Draft): readonly Use[] {
  return Object.entries(draft.file.entities ?? {}).flatMap(([entity, table]) =>
    table === undefined ? [] : [{ path: ['entities', entity, 'key'], column: table.key }],
  );
}

function segments(draft: Draft): readonly Use[] {
  return (draft.file.report?.segments ?? []).map((column, i) => ({ path: ['report', 'segments', i], column }));
}

function listed(columns: readonly string[] | undefined, member: string): readonly Use[] {
  return (columns ?? []).map((column, i) => ({ path: ['log', member, i], column }));
}
