import type { Stage } from '../declaration.ts';
import type { Mistake } from '../declaration-error.ts';
import { sameColumn } from '../names.ts';
import { resolveStages } from '../resolve/resolve-stages.ts';
import type { Draft } from '../schema/draft.ts';
import { isDelayed } from '../sections/model.ts';
import { parseDuration } from '../units.ts';

/** Checks the columns with the times of events, and that a model of their delays has what it needs. */
export function checkDelays(draft: Draft): readonly Mistake[] {
  return [...checkTimes(draft), ...checkDelayed(draft), ...checkBuckets(draft), ...checkSplit(draft)];
}

/** An event's time is measured from that of the row, and each stage has a time of its own. */
function checkTimes(draft: Draft): readonly Mistake[] {
  const { log, stages = {} } = draft.file;
  const timed = Object.entries(stages).flatMap(([name, { at }]) => (at === undefined ? [] : [{ name, at }]));
  return timed.flatMap(({ name, at }, i): readonly Mistake[] => {
    const path = ['stages', name, 'at'];
    const first = timed.slice(0, i).find((other) => sameColumn(other.at, at));
    if (first !== undefined)
      return [{ path, message: `got ${at}, the time of ${first.name}, expected another column` }];
    if (log === undefined || !draft.isSound('log')) return [];
    if (log.time === null) return [{ path, message: `got ${at}, expected the time column in log.time` }];
    return sameColumn(log.time, at)
      ? [{ path, message: `got ${at}, which is log.time, expected the time of the event` }]
      : [];
  });
}

function checkDelayed(draft: Draft): readonly Mistake[] {
  const { model, stages } = draft.file;
  if (model === undefined || !isDelayed(model.type) || stages === undefined || !draft.isSound('stages')) return [];
  if (delayedStages(draft).length > 0) return [];
  const message = `got ${model.type}, expected a stage with label, at and within, whose delays it models, or type esmm`;
  return [{ path: ['model', 'type'], message }];
}

function checkBuckets(draft: Draft): readonly Mistake[] {
  const bounds = draft.file.model?.buckets;
  if (bounds === undefined || typeof bounds === 'number') return [];
  const least = delayedStages(draft).sort((a, b) => (a.withinMs as number) - (b.withinMs as number))[0];
  return bounds.flatMap((bound, i): readonly Mistake[] => {
    const path = ['model', 'buckets', i];
    const before = bounds[i - 1];
    if (before !== undefined && parseDuration(bound) <= parseDuration(before))
      return [{ path, message: `got ${bound} after ${before}, expected a longer time` }];
    if (least === undefined || parseDuration(bound) < (least.withinMs as number)) return [];
    const within = draft.file.stages?.[least.name]?.within;
    return [
      {
        path,
        message: `got ${bound}, expected less than within of ${least.name}, ${within}, with which the last bucket ends`,
      },
    ];
  });
}

/** By time the youngest rows are held out, which are those that such a model trains on and others do not. */
function checkSplit({ file: { model, split } }: Draft): readonly Mistake[] {
  if (model === undefined || !isDelayed(model.type) || split === undefined || !('time' in split)) return [];
  const message = `got a split by time with type ${model.type}, which learns from the youngest rows, expected hash or column`;
  return [{ path: ['split', 'time'], message }];
}

/** Returns the stages whose delays can be modelled. */
function delayedStages({ file: { stages = {}, root = 'impression' } }: Draft): Stage[] {
  return resolveStages(stages, root).filter(
    ({ label, at, withinMs }) => label !== null && at !== null && withinMs !== null,
  );
}
