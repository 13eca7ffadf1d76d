/**
 * The warning that a Spot instance gets two minutes before its end, by which a training keeps its state. AWS Batch does
 * not pass it to a job: the instance's metadata have it (docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../../lib/scoring/protocol/ports.ts';
import type { RunSettings } from '../environment.ts';

/** As AWS advises. */
const EVERY_MS = 5_000;
const TIMEOUT_MS = 2_000;

/** Thrown where the instance is about to end. What was learnt is kept. */
export class SpotNoticeError extends Error {
  override readonly name = 'SpotNoticeError';
}

export interface StoppingSignal {
  /** Aborts as the given one, and with a `SpotNoticeError` at a warning. */
  readonly signal: AbortSignal;
  /** Ends the watch. */
  end(): void;
}

/** Watches for the warning, where the settings name the place of the instance's metadata. */
export function untilSpotNotice(
  { instanceMetadata }: Pick<RunSettings, 'instanceMetadata'>,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
  everyMs: number = EVERY_MS,
): StoppingSignal {
  const notice = new AbortController();
  const end = new AbortController();
  if (instanceMetadata !== null) void watch(instanceMetadata, { log, notice, end: end.signal, everyMs });
  return { signal: AbortSignal.any([signal, notice.signal]), end: () => end.abort() };
}

interface Watch {
  readonly log: Logger;
  readonly notice: AbortController;
  readonly end: AbortSignal;
  readonly everyMs: number;
}

async function watch(metadata: string, { log, notice, end, everyMs }: Watch): Promise<void> {
  while (!end.aborted) {
    const action = await noticeOf(metadata);
    if (action !== null) {
      log.info('spot notice', { action });
      notice.abort(new SpotNoticeError('the Spot instance is about to end: what was learnt is kept'));
      return;
    }
    await delay(everyMs, undefined, { signal: end }).catch(() => undefined);
  }
}

/** The warning; `null` where there is none, or the metadata cannot be reached. */
async function noticeOf(metadata: string): Promise<string | null> {
  try {
    const token = await fetch(new URL('/latest/api/token', metadata), {
      method: 'PUT',
      headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = await fetch(new URL('/latest/meta-data/spot/instance-action', metadata), {
      headers: { 'X-aws-ec2-metadata-token': await token.text() },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}
