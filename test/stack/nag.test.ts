/** cdk-nag's AwsSolutions rules, with what is acknowledged and why. */
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BatchScoringProps } from '../../lib/stack/batch-scoring.ts';
import { makeApp } from './fixture.ts';

interface Acknowledged {
  readonly id: string;
  readonly reason: string;
}

function violationsOf(scope: App): string[] {
  const { violations } = new AwsSolutionsChecks(scope).validateScope(scope);
  return violations.map(({ ruleName }) => ruleName);
}

function acknowledgedIn(scope: App): Acknowledged[] {
  return scope.node
    .findAll()
    .flatMap(({ node }) => node.metadata)
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries(data as Record<string, string>).map(([id, reason]) => ({ id, reason })));
}

describe('AwsSolutions', () => {
  it('finds what an unprotected bucket lacks', () => {
    const app = new App();
    new Bucket(new Stack(app, 'Stack'), 'Bucket');
    expect(violationsOf(app)).toEqual(['AwsSolutions-S1', 'AwsSolutions-S10']);
  });

  it.each<{ name: string; props: (stack: Stack) => BatchScoringProps }>([
    { name: 'all parts', props: () => ({ filesByHour: 6, email: 'on-call@example.com' }) },
    { name: 'the data part', props: () => ({ parts: ['data'] }) },
    {
      name: 'a key of the customer',
      props: (stack) => ({ encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }) }),
    },
  ])('finds nothing: $name', ({ props }) => {
    const { app, remove } = makeApp(props);
    onTestFinished(remove);
    expect(violationsOf(app)).toEqual([]);
  });

  it('has a reason for every rule that is suppressed', () => {
    const { app, remove } = makeApp();
    onTestFinished(remove);
    const acknowledged = acknowledgedIn(app);
    for (const { id, reason } of acknowledged) expect(reason.length, id).toBeGreaterThan(40);
    const rules = new Set(acknowledged.map(({ id }) => id.replace(/.*(AwsSolutions-\w+).*/, '$1')));
    expect([...rules].sort()).toEqual(['AwsSolutions-IAM5', 'AwsSolutions-S1']);
  });
});
