import type { Logger } from '../lib/scoring/protocol/ports.ts';

/** Thrown where a task was asked to end. */
export class TerminatedError extends Error {
  override readonly name = 'TerminatedError';
}

/**
 * Waits for SIGTERM or SIGINT, whose signal then aborts with a `TerminatedError`; `ignore` ends the waiting.
 * @param then What becomes of the work, for the message.
 */
export function awaitTermination(
  log: Pick<Logger, 'info'>,
  then: string,
): { readonly signal: AbortSignal; readonly ignore: () => void } {
  const stopping = new AbortController();
  const terminate = () => {
    log.info('terminating', {});
    stopping.abort(new TerminatedError(`terminated: ${then}`));
  };
  process.on('SIGTERM', terminate).on('SIGINT', terminate);
  return {
    signal: stopping.signal,
    ignore: () => void process.off('SIGTERM', terminate).off('SIGINT', terminate),
  };
}
