import { describe, expect, it } from 'vitest';
import { patientRetries } from '../../../lib/store/aws/patient-retries.ts';

const MINUTE = 60_000;
const away = { errorType: 'TRANSIENT' } as const;

/** How many retries, and how much time, a request gets that fails until it is given up. */
async function waits(patienceMs: number, requests = 1): Promise<{ retries: number; waitedMs: number }[]> {
  let time = 0;
  const strategy = patientRetries(patienceMs, () => time);
  const all = await Promise.all(
    Array.from({ length: requests }, async () => ({
      token: await strategy.acquireInitialRetryToken(''),
      waitedMs: 0,
      isOver: false,
    })),
  );
  while (all.some(({ isOver }) => !isOver)) {
    for (const request of all.filter(({ isOver }) => !isOver)) {
      if (request.waitedMs > time) continue;
      try {
        request.token = await strategy.refreshRetryTokenForRetry(request.token, away);
        request.waitedMs = time + request.token.getRetryDelay();
      } catch {
        request.isOver = true;
      }
    }
    time += 50;
  }
  return all.map(({ token, waitedMs }) => ({ retries: token.getRetryCount(), waitedMs }));
}

describe('patient retries', () => {
  it('go on for the time that they are given, a few seconds apart at most', async () => {
    const [request] = await waits(2 * MINUTE);
    expect(request?.waitedMs).toBeGreaterThan(2 * MINUTE - 5_000);
    expect(request?.waitedMs).toBeLessThanOrEqual(2 * MINUTE);
    expect(request?.retries).toBeGreaterThan(24);
    expect(request?.retries).toBeLessThan(60);
  });

  it('go on as long for each of many requests at once', async () => {
    for (const { waitedMs } of await waits(2 * MINUTE, 16)) expect(waitedMs).toBeGreaterThan(2 * MINUTE - 5_000);
  });

  it.each([
    ['begin soon', 0, 50, 100],
    ['wait longer each time', 3, 400, 800],
    ['find what is back within five seconds', 12, 2_500, 5_000],
  ])('%s', async (_what, retries, least, most) => {
    const strategy = patientRetries(2 * MINUTE, () => 0);
    let token = await strategy.acquireInitialRetryToken('');
    for (let retry = 0; retry <= retries; retry++) token = await strategy.refreshRetryTokenForRetry(token, away);
    expect(token.getRetryDelay()).toBeGreaterThanOrEqual(least);
    expect(token.getRetryDelay()).toBeLessThanOrEqual(most);
  });

  it('are one where only a wrong clock of this machine makes a refusal look passing', async () => {
    const refusal = (status: number) =>
      Object.assign(new Error('refused'), {
        cause: undefined as never,
        $metadata: { httpStatusCode: status, clockSkewCorrected: true as const },
      });
    const retriesAfter = async (status: number) => {
      const strategy = patientRetries(2 * MINUTE, () => 0);
      let token = await strategy.acquireInitialRetryToken('');
      for (let retry = 0; retry < 3; retry++) {
        const failure = { ...away, error: refusal(status) };
        const next = await strategy.refreshRetryTokenForRetry(token, failure).catch(() => null);
        if (next === null) return retry;
        token = next;
      }
      return 3;
    };
    expect([await retriesAfter(403), await retriesAfter(404), await retriesAfter(412)]).toEqual([1, 1, 1]);
    expect(await retriesAfter(503)).toBe(3);
  });

  it.each(['CLIENT_ERROR', 'SERVER_ERROR'] as const)('are none after a %s', async (errorType) => {
    const strategy = patientRetries(2 * MINUTE);
    const token = await strategy.acquireInitialRetryToken('');
    await expect(strategy.refreshRetryTokenForRetry(token, { errorType })).rejects.toThrow('no more retries');
  });
});
