/** Reading and removing the messages of a queue without an event source mapping. */
import { beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { openInbox, openQueue } from '../../../lib/queue/open-queue.ts';
import { makeQueue } from '../emulator/resources.ts';

beforeEach(() => void vi.stubEnv('AWS_ENDPOINT_URL', inject('endpoint')));

describe('sqsInbox', () => {
  it('reads every message once, and leaves them in the queue', async () => {
    const { queueUrl } = await makeQueue();
    const bodies = Array.from({ length: 25 }, (_, index) => `message ${index}`);
    await openQueue(queueUrl).send(bodies);
    const inbox = openInbox(queueUrl);
    const messages = await inbox.read();
    expect(messages.map(({ body }) => body).toSorted()).toEqual(bodies.toSorted());
    expect(await inbox.read()).toEqual([]);
    for (const { receiptHandle } of messages.slice(0, 2)) await inbox.hide(receiptHandle, 0);
    expect((await inbox.read()).map(({ body }) => body).toSorted()).toEqual(
      messages
        .slice(0, 2)
        .map(({ body }) => body)
        .toSorted(),
    );
  });

  it('removes a message', async () => {
    const { queueUrl } = await makeQueue();
    await openQueue(queueUrl).send(['message']);
    const inbox = openInbox(queueUrl);
    for (const { receiptHandle } of await inbox.read()) {
      await inbox.hide(receiptHandle, 0);
      const [again] = await inbox.read();
      await inbox.remove(again?.receiptHandle ?? '');
    }
    expect(await inbox.read()).toEqual([]);
  });
});
