import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Data } from '../bucket-and-queues.ts';
import type { Scoring } from '../scoring.ts';
import { scoringDashboard } from './dashboard.ts';
import { type AlarmLimits, ScoringAlarms } from './scoring-alarms.ts';
import { alarmTopic } from './topic.ts';

export interface AlarmsProps extends AlarmLimits {
  /**
   * Address that alarms are sent to; AWS asks it to confirm.
   * @default none: alarms reach only those who subscribe to the topic themselves
   */
  readonly email?: string;
}

/** One dashboard of scoring, and alarms that send to a topic. */
export class Alarms extends Construct {
  readonly topic: Topic;
  readonly dashboard: Dashboard;
  readonly alarms: ScoringAlarms;

  constructor(scope: Construct, id: string, parts: { data: Data; scoring: Scoring }, props: AlarmsProps = {}) {
    super(scope, id);
    const { data, scoring } = parts;
    this.topic = alarmTopic(this, data);
    if (props.email !== undefined) this.topic.addSubscription(new EmailSubscription(props.email));
    this.alarms = new ScoringAlarms(this, 'Scoring', this.topic);
    this.alarms.watchQueues(data, props);
    this.alarms.watchFunctions(scoring, props);
    this.dashboard = scoringDashboard(this, data, scoring);
  }
}
