/**
 * Repeats requests for a time, not for a number of attempts. The SDK's own strategies share one budget of retries among
 * all requests of a client, about 35: sixteen requests at once that meet an outage have spent it in a fifth of a
 * second.
 */
import type { S3ClientConfig } from '@aws-sdk/client-s3';

export type Retries = Extract<NonNullable<S3ClientConfig['retryStrategy']>, { readonly recordSuccess: unknown }>;
type Token = Awaited<ReturnType<Retries['acquireInitialRetryToken']>>;
type Failure = Parameters<Retries['refreshRetryTokenForRetry']>[1];

const FIRST_MS = 100;
// So that what comes back is found soon; sixteen requests that ask so often are no load.
const LONGEST_MS = 5_000;

/** Repeats what failed for a reason that may pass, for so long after its first attempt. */
export function patientRetries(patienceMs: number, now = () => performance.now()): Retries {
  const began = new WeakMap<Token, number>();
  const tokenOf = (at: number, retries: number, delayMs: number): Token => {
    const token = { getRetryCount: () => retries, getRetryDelay: () => delayMs };
    began.set(token, at);
    return token;
  };
  return {
    acquireInitialRetryToken: async () => tokenOf(now(), 0, 0),
    async refreshRetryTokenForRetry(token, { error, errorType }) {
      const at = began.get(token) ?? now();
      const retries = token.getRetryCount();
      const isPassing = errorType === 'TRANSIENT' || errorType === 'THROTTLING';
      const mayPass = isPassing && !(retries > 0 && isOfClock(error));
      // Between half and all of it, so that many do not come at once.
      const delayMs = Math.min(FIRST_MS * 2 ** retries, LONGEST_MS) * (0.5 + 0.5 * Math.random());
      // The SDK throws the request's own error where this one is thrown.
      if (!mayPass || now() + delayMs > at + patienceMs) throw new Error('no more retries');
      return tokenOf(at, retries + 1, delayMs);
    },
    recordSuccess() {},
  };
}

/**
 * Whether the SDK takes a refusal for a passing one only because the machine's clock is wrong. If the clock is minutes
 * off, the SDK corrects it by every response, and then marks every error as one of the clock, also that of a missing
 * object or of a condition that does not hold.
 */
function isOfClock(error: Failure['error']): boolean {
  const isCorrected = error?.$metadata?.clockSkewCorrected === true;
  return isCorrected && (error.$metadata?.httpStatusCode ?? 500) < 500;
}
