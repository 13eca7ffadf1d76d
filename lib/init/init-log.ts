/** From a measured log to the draft of its declaration: guesses, and checks the draft on the log itself. */
import type { Database } from '../table/database.ts';
import type { Source } from '../table/source/source.ts';
import { checkDraft } from './check-draft.ts';
import { settledChoices } from './choices.ts';
import type { Choices, Doubt, Draft } from './draft.ts';
import { findKeys } from './find-keys.ts';
import { guessDraft } from './guess/draft.ts';
import { withoutOutcomes } from './guess/outcomes.ts';
import type { MeasuredLog } from './measure-log.ts';
import { sharedTables } from './shared-tables.ts';

/**
 * Returns where a first guess is in doubt.
 * @throws {InitError} as `draftLog`.
 */
export function doubtsOf(measured: MeasuredLog, choices: Choices): readonly Doubt[] {
  return guessDraft(measured, settledChoices(measured.profile, choices)).doubts;
}

/**
 * Drafts the declaration of a measured log, and checks it on the log: what tells a label alone, is new in most of the
 * held-out rows, or is missing in all training rows is left out.
 * @throws {InitError} where the log has no label, or lacks a column that is asked for.
 * @throws {DataError} where nothing can be learned from the log.
 */
export async function draftLog(
  database: Database,
  source: Source,
  measured: MeasuredLog,
  asked: Choices,
): Promise<Draft> {
  const choices = settledChoices(measured.profile, asked);
  const draft = await withoutOutcomes(database, measured, guessDraft(measured, choices).draft);
  const withKeys = async (of: Draft) => ({ ...of, ...(await findKeys(database, measured, of, choices)) });
  const guessed = await withKeys({ ...draft, ...(await sharedTables(database, measured, draft)) });
  const checked = await checkDraft(database, source, guessed);
  const isKeyLost = checked.outcomes.some(({ column }) => guessed.keys.includes(column));
  return isKeyLost ? withKeys(checked) : checked;
}
