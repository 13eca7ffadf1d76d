import { queueFacts } from '../../lib/queue/queue-facts.ts';
import { sqsClient } from '../../lib/queue/sqs-client.ts';
import { type StackQueuesOptions, stackQueues } from './stack-queues.ts';

/** Messages that were tried too often, an estimate of SQS; or why their queues were not looked at. */
export type DeadLetters = { readonly arrivals: number; readonly shards: number } | { readonly problem: string };

/**
 * Counts the dead letters of a stack. Queues that nobody named need not be there: what is wrong with them is told, and
 * is no error.
 * @throws {UsageError} where a queue was named that cannot be one of a stack.
 */
export async function deadLetters(options: StackQueuesOptions): Promise<DeadLetters> {
  const client = sqsClient(options);
  try {
    const { arrivals, shards } = await stackQueues(client, options);
    const messages = async (url: string) => (await queueFacts(client, url)).messages;
    return { arrivals: await messages(arrivals.deadUrl), shards: await messages(shards.deadUrl) };
  } catch (error) {
    if (options.arrivals !== undefined || options.shards !== undefined || !(error instanceof Error)) throw error;
    return { problem: error.message };
  } finally {
    client.destroy();
  }
}
