import type { Mistake } from '../declaration-error.ts';
import { hasValidation, resolveSplit } from '../resolve/resolve-split.ts';
import { resolveStages } from '../resolve/resolve-stages.ts';
import { findPath } from '../resolve/stage-paths.ts';
import type { Draft } from '../schema/draft.ts';

const CALIBRATION = ['training', 'calibration'];
const CALIBRATION_OF = ['training', 'calibration_of'];

/** Checks that what is declared to be calibrated can be: by the stages, and on the validation rows. */
export function checkCalibration(draft: Draft): readonly Mistake[] {
  const { training } = draft.file;
  if (training === undefined) return [];
  const { calibration, calibrationOf } = training;
  if (calibration !== 'none')
    return [...checkGroups(draft, calibration), ...checkRows(draft, calibration), ...checkProduct(draft)];
  if (calibrationOf === 'auto') return [];
  const message = `got ${calibrationOf} without calibration, expected calibration platt or isotonic beside it`;
  return [{ path: CALIBRATION_OF, message }];
}

/** The stages of a group share one softmax: none of them has a logit of its own that could be calibrated. */
function checkGroups({ file: { stages = {} } }: Draft, calibration: string): readonly Mistake[] {
  const group = Object.entries(stages).find(([, { exclusive }]) => exclusive !== undefined);
  if (group === undefined) return [];
  return [{ path: CALIBRATION, message: `got ${calibration} with ${group[0]} in an exclusive group, expected none` }];
}

function checkRows({ file: { log, split } }: Draft, calibration: string): readonly Mistake[] {
  if (log === undefined || split === undefined || hasValidation(resolveSplit(split, log))) return [];
  return [{ path: CALIBRATION, message: `got ${calibration}, expected validation rows in split, or none` }];
}

/**
 * A row that reaches a stage through a complement alone is none of those that reach its sibling. The calibrated products
 * of both could add up to more than that of the stage before them.
 */
function checkProduct({ file, ...draft }: Draft): readonly Mistake[] {
  if (file.training?.calibrationOf !== 'product' || !draft.isSound('stages') || !draft.isSound('root')) return [];
  const stages = resolveStages(file.stages ?? {}, file.root ?? 'impression');
  const leads = (from: string, to: string) => findPath(stages, from, to) !== undefined;
  return stages.flatMap(({ name: complement, complementOf }) => {
    if (complementOf === null) return [];
    const later = stages.filter(({ name }) => name !== complement && leads(complement, name));
    const alone = later.find(({ name }) => !leads(complementOf, name));
    const message = `got product with ${alone?.name} after ${complement} alone, expected edges, or auto`;
    return alone === undefined ? [] : [{ path: CALIBRATION_OF, message }];
  });
}
