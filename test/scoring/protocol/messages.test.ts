import { describe, expect, it } from 'vitest';
import { parseShardMessage, shardMessageBody } from '../../../lib/scoring/protocol/messages.ts';

describe('a shard message', () => {
  it('is what is parsed again', () => {
    const body = shardMessageBody({ source: '0123456789abcdef-2', shard: 7 });
    expect(body).toBe('{"formatVersion":1,"source":"0123456789abcdef-2","shard":7}');
    expect(parseShardMessage(body)).toEqual({ source: '0123456789abcdef-2', shard: 7 });
  });

  it('is refused with every member that is wrong', () => {
    expect(() => parseShardMessage('{"formatVersion":2,"source":"../x","shard":-1}')).toThrow(
      'shard message is not as expected: formatVersion: invalid input: expected 1; source: invalid string: must match pattern /^[0-9a-f]{16}(-\\d+)?$/; shard: too small: expected number to be >=0',
    );
    expect(() => parseShardMessage('[]')).toThrow(
      'shard message is not as expected: body: invalid input: expected object, received array',
    );
    expect(() => parseShardMessage('')).toThrow('shard message is not JSON');
  });
});
