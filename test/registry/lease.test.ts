import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LeaseHeldError, LeaseLostError } from '../../lib/registry/errors.ts';
import { currentKey, leaseKey } from '../../lib/registry/keys.ts';
import { takeLease } from '../../lib/registry/lease.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import { PreconditionFailedError, type Store } from '../../lib/store/store.ts';

const START = Date.parse('2026-01-01T00:00:00.000Z');
const MINUTE = 60_000;
const LIFETIME = 3 * MINUTE;

/** A bucket whose clock the test moves. */
function bucket() {
  let time = START;
  const store = memoryStore(() => new Date(time));
  const take = async (runId: string, from: Store = store) => {
    const lease = await takeLease(from, 'shop', { runId, lifetimeMs: LIFETIME });
    onTestFinished(() => lease.release().catch(() => undefined));
    return lease;
  };
  const record = async () => JSON.parse(new TextDecoder().decode((await store.get(leaseKey('shop'))).body));
  const pass = (ms: number) => {
    time += ms;
  };
  return { store, take, record, pass };
}

describe('a lease', () => {
  it('keeps other runs out until it is released, and gives each holder the next epoch', async () => {
    const { take, record } = bucket();
    const first = await take('monday');
    expect(await record()).toMatchObject({ runId: 'monday', epoch: 1, expiresAt: '2026-01-01T00:03:00.000Z' });
    await expect(take('tuesday')).rejects.toThrow(
      new LeaseHeldError(
        'model shop is being trained by run monday, whose lease holds until 2026-01-01T00:03:00.000Z unless it is renewed (in memory:)',
      ),
    );
    await first.release();
    expect((await take('tuesday')).epoch).toBe(2);
  });

  it("expires one lifetime after the last renewal, by the bucket's clock", async () => {
    const { take, pass } = bucket();
    const first = await take('monday');
    pass(2 * MINUTE);
    await first.renew();
    pass(LIFETIME - 1);
    await expect(take('tuesday')).rejects.toBeInstanceOf(LeaseHeldError);
    pass(1);
    const second = await take('tuesday');
    await expect(first.renew()).rejects.toThrow(
      new LeaseLostError('run monday lost the lease on model shop: run tuesday has taken it (in memory:)'),
    );
    expect(first.lost.aborted).toBe(true);
    await first.release();
    await second.renew();
    expect(second.lost.aborted).toBe(false);
  });

  it('gets an epoch after that of the last promotion if its record was deleted', async () => {
    const { store, take } = bucket();
    const current = {
      formatVersion: 1,
      version: '20260101-000000-0123abcd',
      reason: '',
      promotedAt: '2026-01-01T00:00:00.000Z',
      earlier: [],
    };
    await store.put(currentKey('shop'), JSON.stringify({ ...current, trainingEpoch: 7 }));
    const lease = await take('monday');
    expect(lease.epoch).toBe(8);
    await store.delete(leaseKey('shop'));
    await expect(lease.renew()).rejects.toThrow(
      new LeaseLostError('run monday lost the lease on model shop: it was deleted (in memory:)'),
    );
    expect((await take('tuesday')).epoch).toBe(8);
  });

  it('is taken over at once by the same run when that is started again', async () => {
    const { take } = bucket();
    const killed = await take('monday');
    const again = await take('monday');
    expect(again.epoch).toBe(2);
    await expect(killed.renew()).rejects.toBeInstanceOf(LeaseLostError);
    await again.renew();
  });

  it('is taken by exactly one of several runs that ask at once', async () => {
    const { take } = bucket();
    const runs = Array.from({ length: 8 }, (_, i) => take(`run-${i}`));
    const settled = await Promise.allSettled(runs);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of settled)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(LeaseHeldError);
  });

  it('is renewed if the response was lost and the client repeats the write', async () => {
    const { store, take } = bucket();
    let isDeaf = false;
    const deaf: Store = {
      ...store,
      async put(key, body, options) {
        const info = await store.put(key, body, options);
        // The client repeats the write, and meets its own.
        if (isDeaf) throw new PreconditionFailedError(key, store.url, 'ifMatch');
        return info;
      },
    };
    const lease = await take('monday', deaf);
    isDeaf = true;
    await lease.renew();
    isDeaf = false;
    await lease.renew();
    expect(lease.lost.aborted).toBe(false);
  });

  it('is kept if a renewal was written although it was reported as failed', async () => {
    const { store, take, pass, record } = bucket();
    let isBroken = false;
    const broken: Store = {
      ...store,
      async put(key, body, options) {
        const info = await store.put(key, body, options);
        if (isBroken) throw new Error('cannot put: InternalError');
        return info;
      },
    };
    const lease = await take('monday', broken);
    isBroken = true;
    pass(MINUTE);
    await expect(lease.renew()).rejects.toThrow('cannot put: InternalError');
    isBroken = false;
    pass(MINUTE);
    await lease.renew();
    expect(await record()).toMatchObject({ runId: 'monday', epoch: 1, expiresAt: '2026-01-01T00:05:00.000Z' });
    expect(lease.lost.aborted).toBe(false);
    await lease.release();
    expect(await record()).toMatchObject({ isReleased: true });
  });

  it('is not released by an earlier holder that has not noticed its loss', async () => {
    const { take, pass, record } = bucket();
    const first = await take('monday');
    pass(LIFETIME);
    await take('tuesday');
    await first.release();
    expect(await record()).toMatchObject({ runId: 'tuesday', isReleased: false });
  });

  it('stays released when a renewal was under way', async () => {
    const { take, record } = bucket();
    const lease = await take('monday');
    await Promise.all([lease.renew(), lease.release()]);
    expect(await record()).toMatchObject({ isReleased: true });
  });

  it("is kept when the bucket's clock is set back", async () => {
    const { take, pass } = bucket();
    const lease = await take('monday');
    pass(-60 * MINUTE);
    await lease.renew();
    await expect(take('tuesday')).rejects.toBeInstanceOf(LeaseHeldError);
  });

  it('renews itself at every third of its lifetime', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { take, pass, record } = bucket();
    const lease = await take('monday');
    for (const expiresAt of ['2026-01-01T00:04:00.000Z', '2026-01-01T00:05:00.000Z', '2026-01-01T00:06:00.000Z']) {
      pass(MINUTE);
      await vi.advanceTimersByTimeAsync(MINUTE - 1);
      expect((await record()).expiresAt).not.toBe(expiresAt);
      await vi.advanceTimersByTimeAsync(1);
      await expect.poll(async () => (await record()).expiresAt).toBe(expiresAt);
    }
    await lease.release();
    pass(MINUTE);
    await vi.advanceTimersByTimeAsync(3 * MINUTE);
    expect(await record()).toMatchObject({ isReleased: true, expiresAt: '2026-01-01T00:06:00.000Z' });
  });

  it("expires by the bucket's clock, even if the machine's own is wrong", async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { take, pass, record } = bucket();
    vi.setSystemTime(new Date('2020-01-01T00:00:00.000Z'));
    const behind = await take('monday');
    expect((await record()).expiresAt).toBe('2026-01-01T00:03:00.000Z');
    vi.setSystemTime(new Date('2036-01-01T00:00:00.000Z'));
    await expect(take('tuesday')).rejects.toBeInstanceOf(LeaseHeldError);
    pass(MINUTE);
    // It goes back while the lease is held.
    vi.setSystemTime(new Date('2019-01-01T00:00:00.000Z'));
    await behind.renew();
    expect((await record()).expiresAt).toBe('2026-01-01T00:04:00.000Z');
    pass(LIFETIME);
    const ahead = await take('tuesday');
    await expect(behind.renew()).rejects.toBeInstanceOf(LeaseLostError);
    await ahead.renew();
  });

  it('is given up if the bucket cannot be reached for its lifetime', async () => {
    const store = memoryStore();
    let isAway = false;
    const now = () => (isAway ? Promise.reject(new Error('connection refused')) : store.now());
    const lease = await takeLease({ ...store, now }, 'shop', { runId: 'monday', lifetimeMs: 90 });
    isAway = true;
    await expect.poll(() => lease.lost.aborted).toBe(true);
    expect(lease.lost.reason).toEqual(
      new LeaseLostError(
        'run monday lost the lease on model shop: it could not be renewed: Error: connection refused (in memory:)',
      ),
    );
    // Another run may have held and released it since.
    isAway = false;
    await expect(lease.renew()).rejects.toBe(lease.lost.reason);
  });

  it.each(['taken', 'renewed'])(
    'is given up a lifetime after it was asked for, however long it took to be %s',
    async (how) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      onTestFinished(() => {
        vi.useRealTimers();
      });
      const { store, take } = bucket();
      let steady = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => steady);
      let isSlow = how === 'taken';
      let isAway = false;
      const far: Store = {
        ...store,
        now: () => (isAway ? Promise.reject(new Error('connection refused')) : store.now()),
        put(key, body, options) {
          if (isSlow) steady += MINUTE;
          return store.put(key, body, options);
        },
      };
      const lease = await take('monday', far);
      isSlow = true;
      if (how === 'renewed') await lease.renew();
      isAway = true;
      for (const [time, isLost] of [
        [LIFETIME - 1, false],
        [LIFETIME, true],
      ] as const) {
        steady = time;
        await vi.advanceTimersByTimeAsync(MINUTE);
        expect(lease.lost.aborted).toBe(isLost);
      }
    },
  );
});
