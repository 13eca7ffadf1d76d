/** Drives a handler from an SQS queue as Lambda's event source mapping does, for processes that are no Lambda. */
import {
  DeleteMessageBatchCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSMessageAttribute, SQSRecord } from 'aws-lambda';
import type { BatchHandler } from './in-process-queue.ts';
import { queueError, queueFacts } from './queue-facts.ts';

export interface PollOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly handler: BatchHandler;
  /** 1 to 10 messages. @default 1 */
  readonly batchSize?: number;
  /**
   * Time for which a received message is hidden from other receivers, at least that of the handler.
   * @default the queue's
   */
  readonly visibilitySeconds?: number;
  /** Time that a request waits for a message, 0 to 20 s; stopping may take as long. @default 5 */
  readonly waitSeconds?: number;
  /** Where it aborts, the batch under way is ended and no other begins. */
  readonly signal: AbortSignal;
  /** Called with the reason where a batch failed as a whole, or handled messages could not be deleted. */
  readonly onError: (error: Error) => void;
}

const MAX_BATCH = 10;

/**
 * Receives messages and hands them to the handler, batch after batch, until the signal aborts. Those that the handler
 * does not report as failed are deleted. Failed ones are left alone: they come back when their visibility ends, and the
 * queue's redrive policy makes dead letters of them. For several batches at a time, poll several times.
 * @throws {Error} where the queue cannot be read.
 */
export async function pollQueue(options: PollOptions): Promise<void> {
  const { client, queueUrl, handler, batchSize = 1, visibilitySeconds, waitSeconds = 5, signal, onError } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > MAX_BATCH)
    throw new RangeError(`batchSize must be 1 to ${MAX_BATCH}, got ${batchSize}`);
  const { arn: queueArn } = await queueFacts(client, queueUrl);
  const receive = {
    QueueUrl: queueUrl,
    MaxNumberOfMessages: batchSize,
    WaitTimeSeconds: waitSeconds,
    ...(visibilitySeconds !== undefined && { VisibilityTimeout: visibilitySeconds }),
    MessageSystemAttributeNames: ['All' as const],
    MessageAttributeNames: ['All'],
  };
  // The request itself is never aborted: messages that it had received already would stay invisible for nothing.
  while (!signal.aborted) {
    const { Messages = [] } = await client.send(new ReceiveMessageCommand(receive)).catch((cause: unknown) => {
      throw queueError('receive from', queueUrl, cause);
    });
    if (Messages.length === 0) continue;
    const failed = await failedIds(handler, Messages, queueArn, onError);
    const handled = Messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
    if (handled.length > 0) await deleteMessages(client, queueUrl, handled).catch(onError);
  }
}

/** A received message as Lambda shows it to a handler. */
export function recordFrom(message: Message, queueArn: string): SQSRecord {
  const { MessageId = '', ReceiptHandle = '', Body = '', MD5OfBody = '', Attributes, MessageAttributes } = message;
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '0',
      ...Attributes,
    },
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes ?? {}).map(([name, value]) => [name, attributeFrom(value)]),
    ),
    md5OfBody: MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(':')[3] ?? '',
  };
}

function attributeFrom({ DataType = 'String', StringValue, BinaryValue }: MessageAttributeValue): SQSMessageAttribute {
  return {
    dataType: DataType as SQSMessageAttribute['dataType'],
    ...(StringValue !== undefined && { stringValue: StringValue }),
    ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
  };
}

async function failedIds(
  handler: BatchHandler,
  messages: readonly Message[],
  queueArn: string,
  onError: (error: Error) => void,
): Promise<ReadonlySet<string>> {
  const all = new Set(messages.map(({ MessageId = '' }) => MessageId));
  try {
    // A handler without failures may return nothing.
    const response: SQSBatchResponse | undefined = await handler({
      Records: messages.map((message) => recordFrom(message, queueArn)),
    });
    const failed = (response?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
    const unknown = failed.find((id) => !all.has(id));
    if (unknown === undefined) return new Set(failed);
    // Lambda treats such a response as a failure of the whole batch.
    throw new Error(`handler reported the message ${JSON.stringify(unknown)}, which is not in its batch`);
  } catch (error) {
    onError(error instanceof Error ? error : new Error(String(error)));
    return all;
  }
}

/** A message that cannot be deleted is delivered again, for which handlers must be ready anyhow. */
async function deleteMessages(client: SQSClient, queueUrl: string, messages: readonly Message[]): Promise<void> {
  const entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  const request = new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries });
  const { Failed = [] } = await client.send(request).catch((cause: unknown) => {
    throw queueError(`delete ${entries.length} messages of`, queueUrl, cause);
  });
  const [first] = Failed;
  if (first !== undefined)
    throw new Error(`cannot delete ${Failed.length} of ${entries.length} messages of ${queueUrl}: ${first.Code}`);
}
