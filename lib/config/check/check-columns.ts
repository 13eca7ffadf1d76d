import type { Mistake, Path } from '../declaration-error.ts';
import { formatPath } from '../declaration-error.ts';
import { namesIn } from '../expression/names.ts';
import { ExpressionError, parseExpression } from '../expression/parse.ts';
import type { NamedColumn } from '../features/feature-kind.ts';
import { featureKind } from '../features/kinds.ts';
import { sameColumn } from '../names.ts';
import type { Draft } from '../schema/draft.ts';

/** Names that the columns of probabilities in the scores may have. */
const OUTPUT = /^(pctr|pcvr|pctcvr|p_.*)$/i;

/**
 * Checks that no input is a column known only afterwards, that no key or segment is repeated, and that no key or
 * feature has a name that the scores or the model's inputs need.
 */
export function checkColumns(draft: Draft): readonly Mistake[] {
  const { log } = draft.file;
  const outcomes = listed(log?.outcomes, 'outcomes');
  const kept =
    typeof log?.kept === 'object' && log.kept !== null ? [{ path: ['log', 'kept'], column: log.kept.column }] : [];
  const keys = listed(log?.keys, 'keys');
  const truths = truthColumns(draft);
  const afterwards = [...labels(draft), ...outcomes, ...kept];
  return [
    ...checkLeaks([...keys, ...entityKeys(draft), ...features(draft), ...scored(draft)], [...afterwards, ...truths]),
    ...checkLeaks(outcomes, kept),
    ...checkWeight(log?.weight ?? null, [...labels(draft), ...kept]),
    ...checkRepeated(keys),
    ...checkRepeated(segments(draft)),
    ...checkMoney(draft, outcomes),
    ...keys.filter(({ column }) => OUTPUT.test(column)).map(({ path, column }) => outputTaken(path, column)),
    ...checkScoreColumns(draft, keys),
    ...checkFeatureNames(draft),
  ];
}

/** Finds columns that must be known at scoring, but are among those known only afterwards. */
function checkLeaks(columns: readonly NamedColumn[], afterwards: readonly NamedColumn[]): readonly Mistake[] {
  return columns.flatMap(({ path, column }) => {
    const leak = afterwards.find((other) => sameColumn(other.column, column));
    if (leak === undefined) return [];
    return [{ path, message: `got ${column}, which is ${formatPath(leak.path)}, expected a column known at scoring` }];
  });
}

/** Checks that the column of weights is no label and no rate: as a weight, a label would leave out all rows without it. */
function checkWeight(weight: string | null, others: readonly NamedColumn[]): readonly Mistake[] {
  const other = others.find(({ column }) => weight !== null && sameColumn(column, weight));
  if (other === undefined) return [];
  const message = `got ${weight}, which is ${formatPath(other.path)}, expected a column of weights`;
  return [{ path: ['log', 'weight'], message }];
}

function checkRepeated(columns: readonly NamedColumn[]): readonly Mistake[] {
  return columns
    .filter(({ column }, i) => columns.findIndex((other) => sameColumn(other.column, column)) < i)
    .map(({ path, column }) => ({ path, message: `got ${column} twice, expected it once` }));
}

/** Checks that the column that monitoring sums is one that is known only afterwards: never a feature. */
function checkMoney({ file: { monitoring } }: Draft, outcomes: readonly NamedColumn[]): readonly Mistake[] {
  const money = monitoring?.money ?? null;
  if (money === null || outcomes.some(({ column }) => sameColumn(column, money))) return [];
  return [{ path: ['monitoring', 'money'], message: `got ${money}, expected one of log.outcomes` }];
}

function checkFeatureNames(draft: Draft): readonly Mistake[] {
  const names = draft.names('features');
  const lists = Object.entries(draft.file.features ?? {}).flatMap(([name, feature]) => {
    const weights = featureKind(feature).weightsInput(name);
    return weights === null ? [] : [{ name, type: feature.type, weights }];
  });
  return names.flatMap((name, i): readonly Mistake[] => {
    const path = ['features', name];
    if (OUTPUT.test(name))
      return [outputTaken(path, name, `, such as ${otherName(name, names)}: { column: ${name}, ... }`)];
    const list = lists.find(({ weights }) => sameColumn(name, weights));
    if (list !== undefined)
      return [{ path, message: `got the name of the weights of the ${list.type} ${list.name}, expected another` }];
    const first = names.slice(0, i).find((other) => sameColumn(other, name));
    return first === undefined ? [] : [{ path, message: `differs from ${first} by case only, expected another name` }];
  });
}

function outputTaken(path: Path, name: string, example = ''): Mistake {
  return { path, message: `got ${name}, a name of the scores' probabilities, expected another${example}` };
}

/** A name that a feature of such a column may have: `p_age` as `age`, or `x_p_age` where that is taken. */
function otherName(column: string, taken: readonly string[]): string {
  const rest = column.replace(/^(?:p_)+/i, '');
  const isFree = !OUTPUT.test(rest) && /^[a-z]/i.test(rest) && !taken.some((name) => sameColumn(name, rest));
  return isFree ? rest : `x_${column}`;
}

/** Finds keys that have the name of a column which the scores are declared to have. */
function checkScoreColumns({ file: { scoring } }: Draft, keys: readonly NamedColumn[]): readonly Mistake[] {
  return (['score', 'rank'] as const).flatMap((name) =>
    (scoring?.[name] ?? null) === null
      ? []
      : keys
          .filter(({ column }) => sameColumn(column, name))
          .map(({ path, column }) => ({
            path,
            message: `got ${column}, the column of the scores that scoring.${name} declares, expected another`,
          })),
  );
}

/** The columns that scores are computed from, and within whose values rows are ranked. */
function scored({ file: { scoring } }: Draft): readonly NamedColumn[] {
  const path = ['scoring', 'score'];
  const within = (scoring?.rank?.within ?? []).map((column) => ({ path: ['scoring', 'rank', 'within'], column }));
  try {
    const names = scoring?.score == null ? [] : namesIn(parseExpression(scoring.score));
    return [...names.map(({ name }) => ({ path, column: name })), ...within];
  } catch (error) {
    // An expression that cannot be parsed is reported elsewhere.
    if (error instanceof ExpressionError) return within;
    throw error;
  }
}

/** The labels, and the times of their events. */
function labels(draft: Draft): readonly NamedColumn[] {
  return Object.entries(draft.file.stages ?? {}).flatMap(([stage, members]) =>
    (['label', 'at'] as const).flatMap((member) => {
      const column = members[member];
      return column === undefined ? [] : [{ path: ['stages', stage, member], column }];
    }),
  );
}

function features(draft: Draft): readonly NamedColumn[] {
  return Object.entries(draft.file.features ?? {}).flatMap(([name, feature]) => {
    const columns = featureKind(feature).columns(name, feature);
    // A malformed `column` was removed from the draft. Its default, the feature's name, is then not what was meant.
    return draft.isSound(`features.${name}.column`) ? columns : columns.filter(({ path }) => path.length > 2);
  });
}

function entityKeys(draft: Draft): readonly NamedColumn[] {
  return Object.entries(draft.file.entities ?? {}).map(([entity, { key }]) => ({
    path: ['entities', entity, 'key'],
    column: key,
  }));
}

function segments(draft: Draft): readonly NamedColumn[] {
  return (draft.file.report?.segments ?? []).map((column, i) => ({ path: ['report', 'segments', i], column }));
}

function truthColumns({ file: { log } }: Draft): readonly NamedColumn[] {
  const { pcvr = null, pcvrDo = null } = log?.truth ?? {};
  return [
    ...(pcvr === null ? [] : [{ path: ['log', 'truth', 'pcvr'], column: pcvr }]),
    ...(pcvrDo === null ? [] : [{ path: ['log', 'truth', 'pcvr_do'], column: pcvrDo }]),
  ];
}

function listed(columns: readonly string[] | undefined, member: string): readonly NamedColumn[] {
  return (columns ?? []).map((column, i) => ({ path: ['log', member, i], column }));
}
