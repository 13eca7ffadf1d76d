import { Tags } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Data, type DataProps } from './data.ts';
import { Monitoring, type MonitoringProps } from './monitoring.ts';
import { Scoring, type ScoringProps } from './scoring.ts';

/** Parts that can be left out; each needs the ones before it. */
export const PARTS = ['data', 'scoring', 'monitoring'] as const;

export type Part = (typeof PARTS)[number];

export interface BatchScoringProps extends DataProps, Partial<ScoringProps>, MonitoringProps {
  /**
   * What is made.
   * @default all parts
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
  readonly monitoring: Monitoring | undefined;

  constructor(scope: Construct, id: string, props: BatchScoringProps) {
    super(scope, id);
    const { parts = PARTS, modelName } = props;
    checkParts(parts);
    this.data = new Data(this, 'Data', props);
    if (parts.includes('scoring')) {
      if (modelName === undefined) throw new Error('modelName is missing: the scoring part plans with one model');
      this.scoring = new Scoring(this, 'Scoring', this.data, { ...props, modelName });
    }
    if (parts.includes('monitoring') && this.scoring !== undefined)
      this.monitoring = new Monitoring(this, 'Monitoring', { data: this.data, scoring: this.scoring }, props);
    Tags.of(this).add('application', 'entirespace');
    if (modelName !== undefined) Tags.of(this).add('entirespace:model', modelName);
  }
}

function checkParts(parts: readonly string[]): void {
  const unknown = parts.filter((part) => !PARTS.some((known) => known === part));
  if (unknown.length > 0) throw new Error(`parts must be of ${PARTS.join(', ')}, got ${unknown.join(', ')}`);
  for (const [index, part] of PARTS.entries()) {
    const before = PARTS[index - 1];
    if (parts.includes(part) && before !== undefined && !parts.includes(before))
      throw new Error(`part ${part} needs part ${before}, got ${parts.join(', ')}`);
  }
  if (!parts.includes('data')) throw new Error('parts must include data');
}
