/** Events on the default bus of an emulator, taken by a rule to a queue. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { openInbox } from '../../../lib/queue/open-queue.ts';
import { awsSettings } from '../../../lib/store/aws/aws-settings.ts';
import { makeQueueAt } from './make.ts';

export interface SeenEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface EventCollector {
  /** The events so far, of which there are at least so many; fails after some seconds. */
  received(atLeast: number): Promise<readonly SeenEvent[]>;
}

/** Collects the events of the product whose details match. */
export async function collectEvents(endpoint: string, detail: object): Promise<EventCollector> {
  const { queueUrl } = await makeQueueAt(endpoint);
  const client = new EventBridgeClient(awsSettings('EVENTBRIDGE', { endpoint }));
  const Rule = `test-${randomUUID()}`;
  const EventPattern = JSON.stringify({ source: ['entirespace'], detail });
  await client.send(new PutRuleCommand({ Name: Rule, EventPattern }));
  const Arn = `arn:aws:sqs:us-east-1:000000000000:${queueUrl.slice(queueUrl.lastIndexOf('/') + 1)}`;
  await client.send(new PutTargetsCommand({ Rule, Targets: [{ Id: 'queue', Arn }] }));
  client.destroy();
  const inbox = openInbox(queueUrl, { endpoint });
  const seen = new Map<string, SeenEvent>();
  return {
    async received(atLeast) {
      for (const end = Date.now() + 20_000; ; await delay(100)) {
        for (const { body } of await inbox.read()) {
          const event = JSON.parse(body) as SeenEvent & { readonly id: string };
          seen.set(event.id, event);
        }
        if (seen.size >= atLeast) return [...seen.values()];
        if (Date.now() > end) throw new Error(`expected ${atLeast} events, got ${JSON.stringify([...seen.values()])}`);
      }
    },
  };
}
