import * as z from 'zod';
import { listed } from '../../numbers/text.ts';
import { problemsOf } from '../../store/records.ts';
import { MessageError } from '../errors.ts';

const shardMessage = z.object({
  formatVersion: z.literal(1),
  source: z.string().regex(/^[0-9a-f]{16}(-\d+)?$/),
  shard: z.number().int().nonnegative(),
});

/** Asks for the scores of one shard of a planned file. */
export type ShardMessage = Pick<z.infer<typeof shardMessage>, 'source' | 'shard'>;

/** The body of a shard message. */
export function shardMessageBody({ source, shard }: ShardMessage): string {
  return JSON.stringify({ formatVersion: 1, source, shard } satisfies z.infer<typeof shardMessage>);
}

/** @throws {MessageError} naming every member that is not as expected. */
export function parseShardMessage(body: string): ShardMessage {
  const { source, shard } = parseBody(body, shardMessage, 'shard message');
  return { source, shard };
}

/**
 * The body of a message, as its schema has it.
 * @throws {MessageError} naming every member that is not as expected.
 */
export function parseBody<Value>(body: string, schema: z.ZodType<Value>, what: string): Value {
  const parsed = schema.safeParse(parseJson(body, what));
  if (parsed.success) return parsed.data;
  throw new MessageError(`${what} is not as expected: ${listed(problemsOf(parsed.error), '; ')}`);
}

function parseJson(body: string, what: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new MessageError(`${what} is not JSON`, { cause });
  }
}
