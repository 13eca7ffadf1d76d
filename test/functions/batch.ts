import type { SQSRecord } from 'aws-lambda';

/** A record as SQS hands it to a function. */
export function sqsRecord(messageId: string, { body = '{}', receiveCount = 1 } = {}): SQSRecord {
  return {
    messageId,
    receiptHandle: `receipt-of-${messageId}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: '0',
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:shards',
    awsRegion: 'us-east-1',
  };
}
