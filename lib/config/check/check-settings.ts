import type { Mistake } from '../declaration-error.ts';
import { unknownName } from '../names.ts';
import { hasValidation, resolveSplit } from '../resolve/resolve-split.ts';
import { resolveRoles, resolveStages } from '../resolve/resolve-stages.ts';
import type { Draft } from '../schema/draft.ts';
import type { SplitShape } from '../schema/schema.ts';
import { parseInstant } from '../units.ts';
import { checkCalibration } from './check-calibration.ts';

/** Checks the split, and settings that need another one: `within` a time, `patience` validation rows, and the like. */
export function checkSettings(draft: Draft): readonly Mistake[] {
  const { split } = draft.file;
  const parts = split === undefined ? [] : [...checkShares(split), ...checkInstants(split), ...checkValues(split)];
  const checks = [checkTime, checkPatience, checkStopBy, checkMomentum, checkCalibration, checkCsv, checkTrusted];
  return [...parts, ...checks.flatMap((check) => check(draft))];
}

function checkShares(split: SplitShape): readonly Mistake[] {
  if ('column' in split || typeof split.validation !== 'number' || typeof split.test !== 'number') return [];
  if (split.validation + split.test < 1) return [];
  const sum = `validation ${split.validation} and test ${split.test}`;
  return [{ path: ['split'], message: `got ${sum}, expected less than 1 together: the rest is for training` }];
}

function checkInstants(split: SplitShape): readonly Mistake[] {
  if (!('time' in split) || typeof split.validation !== 'string' || typeof split.test !== 'string') return [];
  if (parseInstant(split.validation) < parseInstant(split.test)) return [];
  const message = `got ${split.test}, expected an instant after that of validation, ${split.validation}`;
  return [{ path: ['split', 'test'], message }];
}

function checkValues(split: SplitShape): readonly Mistake[] {
  if (!('column' in split)) return [];
  const all = (['train', 'validation', 'test'] as const).flatMap((part) =>
    split[part].map((value, i) => ({ path: ['split', part, i], part, text: String(value) })),
  );
  return all.flatMap(({ path, text }, i) => {
    const first = all.slice(0, i).find((other) => other.text === text);
    return first === undefined
      ? []
      : [{ path, message: `got ${text}, a value of ${first.part} already, expected it once` }];
  });
}

function checkTime(draft: Draft): readonly Mistake[] {
  const { log, split, stages = {} } = draft.file;
  if (log === undefined || !draft.isSound('log') || log.time !== null) return [];
  const expected = 'expected the time column in log.time';
  const within = Object.entries(stages).filter(([, stage]) => stage.within !== undefined);
  return [
    ...(log.followUp === undefined ? [] : [{ path: ['log', 'follow_up'], message: `got a follow-up, ${expected}` }]),
    ...within.map(([name, stage]) => ({
      path: ['stages', name, 'within'],
      message: `got ${stage.within}, ${expected}`,
    })),
    ...(split !== undefined && 'time' in split
      ? [{ path: ['split', 'time'], message: `got a split by time, ${expected}` }]
      : []),
  ];
}

function checkPatience(draft: Draft): readonly Mistake[] {
  const { log, split, training } = draft.file;
  if (log === undefined || split === undefined || training?.patience === undefined || training.patience === null)
    return [];
  if (hasValidation(resolveSplit(split, log))) return [];
  const message = `got ${training.patience}, expected validation rows in split, or null`;
  return [{ path: ['training', 'patience'], message }];
}

/** The names of the outputs that roles give: their log loss, on the rows that they are conditioned on, is known. */
const ROLE_OUTPUTS = ['pctr', 'pcvr', 'pctcvr'] as const;

function checkStopBy({ file }: Draft): readonly Mistake[] {
  const { training, stages, root = 'impression', log, split } = file;
  const stopBy = training?.stopBy ?? 'sum';
  if (stopBy === 'sum' || stages === undefined) return [];
  const path = ['training', 'stop_by'];
  if (log !== undefined && split !== undefined && !hasValidation(resolveSplit(split, log)))
    return [{ path, message: `got ${stopBy}, expected validation rows in split, or sum` }];
  const resolved = resolveStages(stages, root);
  const labelled = resolved.filter(({ label }) => label !== null).map(({ name }) => name);
  const roles = resolveRoles(file.roles, resolved, root);
  const known = ['sum', ...labelled, ...(roles === null ? [] : ROLE_OUTPUTS)];
  return known.includes(stopBy) ? [] : [{ path, message: unknownName('loss or output', stopBy, known) }];
}

function checkMomentum({ file: { training } }: Draft): readonly Mistake[] {
  if (training === undefined || training.momentum === 0 || training.optimizer === 'sgd') return [];
  const message = `got ${training.momentum} with optimizer ${training.optimizer}, expected optimizer sgd, or 0`;
  return [{ path: ['training', 'momentum'], message }];
}

function checkCsv({ file: { csv } }: Draft): readonly Mistake[] {
  const delimiter = csv?.delimiter;
  const other = (['quote', 'escape'] as const).find((key) => delimiter !== undefined && csv?.[key] === delimiter);
  if (other === undefined) return [];
  const message = `got ${JSON.stringify(delimiter)}, which is csv.${other} too, expected another character`;
  return [{ path: ['csv', 'delimiter'], message }];
}

function checkTrusted(draft: Draft): readonly Mistake[] {
  const names = draft.names('features');
  return (draft.file.gate?.trusted ?? []).flatMap((name, i) =>
    names.includes(name) ? [] : [{ path: ['gate', 'trusted', i], message: unknownName('feature', name, names) }],
  );
}
