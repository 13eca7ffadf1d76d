import { setTimeout as delay } from 'node:timers/promises';

export interface RetryOptions {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** Whether what was thrown may pass. @default everything may */
  readonly mayPass?: (error: unknown) => boolean;
  /** Longest wait after the first attempt, doubled after each further one. @default 0: no wait */
  readonly firstDelayMs?: number;
  /** @default no limit */
  readonly longestDelayMs?: number;
}

/**
 * The result of the first attempt that succeeds; the last error where none does. Waits are random from nothing to the
 * longest ("full jitter"), so that those who failed together do not meet again.
 */
export async function withRetries<Result>(
  attempt: () => Promise<Result>,
  { attempts, mayPass = () => true, firstDelayMs = 0, longestDelayMs = Number.POSITIVE_INFINITY }: RetryOptions,
): Promise<Result> {
  for (let made = 1; ; made += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (made >= attempts || !mayPass(error)) throw error;
      const longestMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (made - 1));
      if (longestMs > 0) await delay(Math.random() * longestMs);
    }
  }
}
