/** Reads a queue's messages directly, where AWS does not pass them to a function (no event source mapping). */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

/** A received message. */
export interface InboxMessage {
  readonly body: string;
  readonly receiptHandle: string;
}

/** The receiving side of a queue. */
export interface Inbox {
  /** Returns the messages that are visible now. They stay in the queue, but are hidden from others for a minute. */
  read(): Promise<InboxMessage[]>;
  /** Makes a received message visible again after that many seconds, counted from now. */
  hide(receiptHandle: string, seconds: number): Promise<void>;
  /** Takes a received message out of the queue. */
  remove(receiptHandle: string): Promise<void>;
}

// Long enough to read a whole queue of dead letters without meeting the first ones again.
const READ_SECONDS = 60;
// A reader that is slower than that would meet them again and again.
const MAX_READS = 1_000;

/** Returns the receiving side of an SQS queue. */
export function sqsInbox(client: SQSClient, queueUrl: string): Inbox {
  return {
    async read() {
      const messages: InboxMessage[] = [];
      for (let reads = 0; reads < MAX_READS; reads++) {
        const options = { MaxNumberOfMessages: 10, VisibilityTimeout: READ_SECONDS, WaitTimeSeconds: 1 };
        const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl: queueUrl, ...options }));
        if (Messages.length === 0) break;
        for (const { Body = '', ReceiptHandle = '' } of Messages)
          messages.push({ body: Body, receiptHandle: ReceiptHandle });
      }
      return messages;
    },
    async hide(receiptHandle, seconds) {
      await client.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: queueUrl,
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: seconds,
        }),
      );
    },
    async remove(receiptHandle) {
      await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle }));
    },
  };
}
