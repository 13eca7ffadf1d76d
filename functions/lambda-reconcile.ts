import type { Context } from 'aws-lambda';
import { number, readEnvironment, text } from '../lib/config/environment.ts';
import { openInbox, openQueue } from '../lib/queue/open-queue.ts';
import { reconcileHandler } from '../lib/scoring/handlers/reconcile.ts';
import { countScoring } from '../lib/scoring/handlers/telemetry.ts';
import type { Reconciled } from '../lib/scoring/protocol/reconcile.ts';
import { openLambda } from './lambda.ts';

let opened: ReturnType<typeof open> | undefined;

/** Ends, on a schedule, what no message will end, and returns what it did. */
export async function handler(_event: unknown, context: Context): Promise<Reconciled> {
  opened ??= open();
  const { lambda, run } = opened;
  lambda.log.addContext(context);
  // A zero in every run: an alarm on days without files needs data to look at.
  for (const name of ['FilesSucceeded', 'FilesFailed'] as const) countScoring(lambda.metrics, name, 0);
  try {
    return await run();
  } finally {
    await lambda.outbox?.flush();
    await lambda.outbox?.resend();
    lambda.metrics.publishStoredMetrics();
  }
}

function open() {
  const { SHARDS_URL, ARRIVALS_DEAD_URL, SHARDS_DEAD_URL, RESEND_AFTER_SECONDS } = readEnvironment({
    SHARDS_URL: text,
    ARRIVALS_DEAD_URL: text,
    SHARDS_DEAD_URL: text,
    RESEND_AFTER_SECONDS: number({ least: 0, most: 86_400 }),
  });
  const lambda = openLambda();
  const run = reconcileHandler({
    ...lambda,
    shards: openQueue(SHARDS_URL),
    dead: { arrivals: openInbox(ARRIVALS_DEAD_URL), shards: openInbox(SHARDS_DEAD_URL) },
    resendAfterMs: 1000 * RESEND_AFTER_SECONDS,
    onOpenFiles: (files) => countScoring(lambda.metrics, 'FilesOpen', files),
  });
  return { lambda, run };
}
