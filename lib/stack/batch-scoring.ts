import { Tags } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Alarms, type AlarmsProps } from './alarms/alarms.ts';
import { Data, type DataProps } from './bucket-and-queues.ts';
import { Monitoring, type MonitoringProps } from './monitoring/monitoring.ts';
import { Online, type OnlineProps } from './online/online.ts';
import { Scoring, type ScoringProps } from './scoring.ts';
import { TaskCluster } from './tasks/task-cluster.ts';
import { Training, type TrainingProps } from './training/training.ts';

/** The other parts that each part needs. */
const NEEDS = {
  data: [],
  scoring: ['data'],
  alarms: ['scoring'],
  monitoring: ['data'],
  training: ['data'],
  online: ['data'],
} as const;

export type Part = keyof typeof NEEDS;

export const PARTS = Object.keys(NEEDS) as readonly Part[];

/** Monitoring and training need a container's image, which not everyone can build where the stack is deployed. */
const DEFAULT_PARTS: readonly Part[] = ['data', 'scoring', 'alarms'];

export interface BatchScoringProps
  extends DataProps,
    Partial<ScoringProps>,
    AlarmsProps,
    Partial<MonitoringProps>,
    Partial<TrainingProps>,
    Partial<OnlineProps> {
  /**
   * What is made.
   * @default data, scoring and alarms; monitoring, training and online are made where they are named
   */
  readonly parts?: readonly Part[];
}

/**
 * Batch scoring in an AWS account: drop candidate files in a bucket, get their scores back.
 *
 * `new BatchScoring(this, 'Scoring', { modelName: 'shop' })`
 */
export class BatchScoring extends Construct {
  readonly data: Data;
  readonly scoring: Scoring | undefined;
  readonly alarms: Alarms | undefined;
  readonly monitoring: Monitoring | undefined;
  readonly training: Training | undefined;
  readonly online: Online | undefined;

  constructor(scope: Construct, id: string, props: BatchScoringProps) {
    super(scope, id);
    const { parts = DEFAULT_PARTS, modelName } = props;
    checkParts(parts);
    this.data = new Data(this, 'Data', props);
    if (parts.includes('scoring')) {
      if (modelName === undefined) throw new Error('modelName is missing: the scoring part plans with one model');
      this.scoring = new Scoring(this, 'Scoring', this.data, { ...props, modelName });
    }
    if (parts.includes('alarms') && this.scoring !== undefined)
      this.alarms = new Alarms(this, 'Alarms', { data: this.data, scoring: this.scoring }, props);
    const tasks = parts.some((part) => part === 'monitoring' || part === 'training')
      ? new TaskCluster(this, 'Tasks')
      : undefined;
    if (parts.includes('monitoring') && tasks !== undefined) {
      if (modelName === undefined) throw new Error('modelName is missing: the monitoring part monitors one model');
      const price = this.scoring && { usdPerSecond: this.scoring.usdPerSecond };
      this.monitoring = new Monitoring(
        this,
        'Monitoring',
        { data: this.data, tasks },
        { ...price, ...props, modelName },
      );
    }
    if (parts.includes('training') && tasks !== undefined) {
      if (modelName === undefined) throw new Error('modelName is missing: the training part trains one model');
      this.training = new Training(this, 'Training', { data: this.data, tasks }, { ...props, modelName });
    }
    if (parts.includes('online')) {
      if (modelName === undefined) throw new Error('modelName is missing: the online part scores with one model');
      this.online = new Online(this, 'Online', this.data, { ...props, modelName });
    }
    Tags.of(this).add('application', 'entirespace');
    if (modelName !== undefined) Tags.of(this).add('entirespace:model', modelName);
  }
}

function checkParts(parts: readonly string[]): void {
  const unknown = parts.filter((part) => !PARTS.some((known) => known === part));
  if (unknown.length > 0) throw new Error(`parts must be of ${PARTS.join(', ')}, got ${unknown.join(', ')}`);
  for (const part of PARTS) {
    const missing = NEEDS[part].find((needed) => !parts.includes(needed));
    if (parts.includes(part) && missing !== undefined)
      throw new Error(`part ${part} needs part ${missing}, got ${parts.join(', ')}`);
  }
  if (!parts.includes('data')) throw new Error('parts must include data');
}
