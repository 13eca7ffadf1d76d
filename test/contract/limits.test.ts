import { describe, expect, it } from 'vitest';
import {
  FUNCTION_MEMORY_MIB,
  FUNCTION_TIMEOUT_SECONDS,
  MAX_RECEIVES,
  ONE_GO_ROWS,
  QUEUES,
  RECONCILE_SECONDS,
  RESEND_AFTER_VISIBILITIES,
  RETENTION_DAYS,
  RETRY_SECONDS,
  SHARD_ROWS,
  SHARD_SECONDS,
} from '../../lib/contract/limits.ts';

describe('limits', () => {
  it('hide a message for six times as long as a function may run, as AWS advises', () => {
    for (const { visibilitySeconds } of Object.values(QUEUES))
      expect(visibilitySeconds).toBeGreaterThanOrEqual(6 * FUNCTION_TIMEOUT_SECONDS.most);
  });

  it('give a function time for a shard, and SQS a batch that it takes', () => {
    expect(FUNCTION_TIMEOUT_SECONDS.least).toBeGreaterThanOrEqual(2 * SHARD_SECONDS);
    expect(FUNCTION_TIMEOUT_SECONDS.default).toBeLessThanOrEqual(FUNCTION_TIMEOUT_SECONDS.most);
    for (const { batchSize } of Object.values(QUEUES)) expect(batchSize).toBeLessThanOrEqual(10);
    expect(FUNCTION_MEMORY_MIB.default).toBeLessThanOrEqual(FUNCTION_MEMORY_MIB.most);
  });

  it('score in one go what is one shard', () => {
    expect(ONE_GO_ROWS).toBeLessThanOrEqual(SHARD_ROWS);
  });

  it('send a shard again only once its message must have come back by itself', () => {
    expect(RESEND_AFTER_VISIBILITIES).toBeGreaterThan(1);
  });

  it('keep messages until every try is over, and dead letters longer', () => {
    const tries = MAX_RECEIVES * QUEUES.shards.visibilitySeconds;
    expect(RETENTION_DAYS.messages * 86_400).toBeGreaterThan(tries + RECONCILE_SECONDS);
    expect(RETENTION_DAYS.deadLetters).toBeGreaterThan(RETENTION_DAYS.messages);
    expect(RETRY_SECONDS.longest).toBeLessThanOrEqual(QUEUES.shards.visibilitySeconds);
  });
});
