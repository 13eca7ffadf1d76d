/** What the user says instead of a guess, with the names that the log's columns have. */
import { sameColumn, unknownName } from '../config/names.ts';
import type { Choices, LogProfile } from './draft.ts';

/** Thrown where a log has no label that could be found, or not the columns that are asked for. */
export class InitError extends Error {
  override readonly name = 'InitError';
}

/**
 * Returns the choices with the columns' names as the log has them.
 * @throws {InitError} where a column is asked for that the log does not have, or for two stages.
 */
export function settledChoices({ columns, source }: LogProfile, choices: Choices): Choices {
  const names = columns.map(({ name }) => name);
  const found = (flag: string, asked: string): string => {
    const name = names.find((own) => own === asked) ?? names.find((own) => sameColumn(own, asked));
    if (name === undefined) throw new InitError(`${flag}: ${unknownName('column', asked, names)} (in ${source})`);
    return name;
  };
  const { labels, keys, time, group } = choices;
  const stages = [...labels].map(([stage, column]) => [stage, found(`--label ${stage}`, column)] as const);
  for (const [i, [stage, column]] of stages.entries()) {
    const first = stages.slice(0, i).find(([, other]) => other === column);
    if (first !== undefined)
      throw new InitError(
        `--label ${stage}: got ${column}, the label of ${first[0]}, expected another column (in ${source})`,
      );
  }
  return {
    ...choices,
    labels: new Map(stages),
    keys: keys.map((key) => found('--key', key)),
    time: time === null ? null : found('--time', time),
    group: group === null ? null : found('--group', group),
  };
}
