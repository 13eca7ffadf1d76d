import { outcomeKey, reopenedKey } from '../../contract/bucket.ts';
import type { Queue } from '../../queue/queue.ts';
import { putConditionally } from '../../store/conditional-put.ts';
import { recordText } from '../../store/records.ts';
import { ScoringError } from '../errors.ts';
import { arrivalBody } from './events.ts';
import type { ScoringDependencies } from './ports.ts';
import { publish } from './publish.ts';
import { FORMAT_VERSION, type Outcome, readOutcome } from './records.ts';

/**
 * Reopens a file version that failed: takes back its outcome and `_FAILED.json`, and lets it arrive again. Its plan and
 * the shards that are done are kept. Dead letters of the file must leave their queue as well, or it fails again.
 * @returns the status it found; only `failed` and `reopened` files arrive again.
 * @throws {ScoringError} where the outcome changed meanwhile.
 */
export async function redriveFile(
  dependencies: ScoringDependencies & { readonly arrivals: Queue },
  source: string,
): Promise<Outcome['status'] | 'open'> {
  const stored = await readOutcome(dependencies.store, source);
  if (stored === null) return 'open';
  const { status, file, reopened } = stored.value;
  if (status === 'succeeded') return status;
  const reopenedAt = dependencies.now().toISOString();
  const open: Outcome = { formatVersion: FORMAT_VERSION, status: 'reopened', file, reopened: reopened + 1, reopenedAt };
  if (status === 'failed') {
    // Written first, so that reconciliation finds every reopened file even if this process or its messages are lost.
    const mark = recordText({ formatVersion: FORMAT_VERSION });
    await putConditionally(dependencies, { key: reopenedKey(source), content: mark, expected: null });
    const put = { key: outcomeKey(source), content: recordText(open), expected: stored.etag };
    if (!(await putConditionally(dependencies, put)))
      throw new ScoringError(`outcome of ${file.key} changed while it was being reopened`);
  }
  await publish(dependencies, status === 'failed' ? open : stored.value);
  await dependencies.arrivals.send([arrivalBody(file)]);
  return status;
}
