import { RemovalPolicy } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, it } from 'vitest';
import { attempt, makeTemplate, onlyResource, readable, resourcesOf, shortName } from './fixture.ts';

const template = makeTemplate({ parts: ['data'] });
const queues = resourcesOf(template, 'AWS::SQS::Queue');

function redrivePolicyOf(name: string): Record<string, unknown> {
  return (queues[name]?.Properties.RedrivePolicy ?? {}) as Record<string, unknown>;
}

describe('the bucket', () => {
  it('keeps versions, is encrypted and allows no public access', () => {
    template.resourceCountIs('AWS::S3::Bucket', 1);
    template.hasResourceProperties('AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
  });

  it('is kept when the stack is deleted, unless a setting says otherwise', () => {
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    makeTemplate({ parts: ['data'], removalPolicy: RemovalPolicy.DESTROY }).hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Delete',
    });
  });

  it('refuses requests without TLS', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            Principal: { AWS: '*' },
          }),
        ]),
      },
    });
  });

  it('deletes work after 30 days, statistics of requests after 60, bundles after 14, and old versions after 1 to 30', () => {
    const bucket = onlyResource(template, 'AWS::S3::Bucket');
    const { Rules } = bucket.Properties.LifecycleConfiguration as { Rules: Record<string, unknown>[] };
    const facts = Rules.map(({ Id: _, Status, ...rule }) => {
      expect(Status).toBe('Enabled');
      return rule;
    });
    const withOldVersions = (Prefix: string) => ({ Prefix, NoncurrentVersionExpiration: { NoncurrentDays: 7 } });
    expect(facts).toEqual([
      { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } },
      { ExpiredObjectDeleteMarker: true },
      { Prefix: '_work/', ExpirationInDays: 30, NoncurrentVersionExpiration: { NoncurrentDays: 7 } },
      { Prefix: 'candidates/', NoncurrentVersionExpiration: { NoncurrentDays: 30 } },
      ...['scores/', 'rejects/', 'models/', 'failed/', '_state/', 'monitoring/'].map(withOldVersions),
      { Prefix: 'online/', ExpirationInDays: 60, NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
      { Prefix: '_events/', ExpirationInDays: 30, NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
      withOldVersions('_training/'),
      { Prefix: '_bundles/', ExpirationInDays: 14, NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
    ]);
  });

  it('deletes scores and rejected rows after the days that are set', () => {
    const bucket = onlyResource(makeTemplate({ parts: ['data'], scoresDays: 45 }), 'AWS::S3::Bucket');
    const { Rules } = bucket.Properties.LifecycleConfiguration as { Rules: Record<string, unknown>[] };
    expect(Rules.filter(({ ExpirationInDays }) => ExpirationInDays === 45)).toEqual(
      ['scores/', 'rejects/'].map((Prefix) => ({
        Id: `Old-${Prefix.slice(0, -1)}`,
        Status: 'Enabled',
        Prefix,
        ExpirationInDays: 45,
        NoncurrentVersionExpiration: { NoncurrentDays: 7 },
      })),
    );
    expect(Rules.filter(({ ExpirationInDays }) => ExpirationInDays !== undefined)).toHaveLength(6);
    for (const scoresDays of [0, 1.5, -3])
      expect(attempt({ parts: ['data'], scoresDays })).toThrow(
        `scoresDays must be a whole number of at least 1, got ${scoresDays}`,
      );
  });

  it('notifies the arrivals queue of candidates, after the queue has allowed it', () => {
    const bucket = onlyResource(template, 'AWS::S3::Bucket');
    const { QueueConfigurations } = bucket.Properties.NotificationConfiguration as { QueueConfigurations: unknown[] };
    expect(QueueConfigurations).toEqual([
      {
        Event: 's3:ObjectCreated:*',
        Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'candidates/' }] } },
        Queue: { 'Fn::GetAtt': [expect.stringMatching(/^BatchScoringDataArrivals/), 'Arn'] },
      },
    ]);
    expect(bucket.DependsOn?.map(shortName)).toContain('ArrivalsPolicy');
  });
});

describe('the queues', () => {
  it('are two, each with dead letters after five receives', () => {
    expect(Object.keys(queues).sort()).toEqual(['Arrivals', 'ArrivalsDead', 'Shards', 'ShardsDead']);
    for (const name of ['Arrivals', 'Shards']) {
      const { maxReceiveCount, deadLetterTargetArn } = redrivePolicyOf(name);
      expect(maxReceiveCount).toBe(5);
      expect(readable(deadLetterTargetArn)).toBe(`${name}Dead`);
    }
  });

  it('keep messages four days, dead ones fourteen, and hide a received one for half an hour', () => {
    const days = (name: string) => Number(queues[name]?.Properties.MessageRetentionPeriod) / 86_400;
    expect(['Arrivals', 'ArrivalsDead', 'Shards', 'ShardsDead'].map(days)).toEqual([4, 14, 4, 14]);
    expect(['Arrivals', 'Shards'].map((name) => queues[name]?.Properties.VisibilityTimeout)).toEqual([1800, 1800]);
  });

  it('are encrypted and refuse requests without TLS', () => {
    for (const { Properties } of Object.values(queues)) expect(Properties.SqsManagedSseEnabled).toBe(true);
    const policies = resourcesOf(template, 'AWS::SQS::QueuePolicy');
    expect(Object.keys(policies).sort()).toEqual([
      'ArrivalsDeadPolicy',
      'ArrivalsPolicy',
      'ShardsDeadPolicy',
      'ShardsPolicy',
    ]);
    for (const { Properties } of Object.values(policies)) {
      const { Statement } = Properties.PolicyDocument as { Statement: Record<string, unknown>[] };
      expect(Statement[0]).toMatchObject({
        Effect: 'Deny',
        Action: 'sqs:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      });
    }
  });

  it.each([
    { name: 'made up by CloudFormation', props: {}, source: 'arn:AWS::Partition:s3:::shop*' },
    { name: 'given', props: { bucketName: 'shop-scores' }, source: 'arn:AWS::Partition:s3:::shop-scores' },
  ])("take messages from this account's bucket alone: a name $name", ({ props, source }) => {
    const policies = resourcesOf(makeTemplate({ parts: ['data'], ...props }), 'AWS::SQS::QueuePolicy');
    const statements = Object.values(policies).flatMap(
      ({ Properties }) => (Properties.PolicyDocument as { Statement: Record<string, unknown>[] }).Statement,
    );
    const [allowed, ...others] = statements.filter(({ Effect }) => Effect === 'Allow');
    expect(others).toEqual([]);
    expect(allowed).toMatchObject({ Action: 'sqs:SendMessage', Principal: { Service: 's3.amazonaws.com' } });
    const { ArnLike, StringEquals } = (allowed?.Condition ?? {}) as Record<string, Record<string, unknown>>;
    expect(readable(ArnLike?.['aws:SourceArn'])).toBe(source);
    expect(StringEquals).toEqual({ 'aws:SourceAccount': { Ref: 'AWS::AccountId' } });
  });
});

describe('a key of the customer', () => {
  const withKey = makeTemplate((stack) => ({ encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }) }));

  it('encrypts the bucket, the queues and the topic', () => {
    withKey.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
        ],
      },
    });
    withKey.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: Match.anyValue() });
    withKey.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() });
  });

  it('may be used by S3 and CloudWatch for this account, and by each function', () => {
    const key = onlyResource(withKey, 'AWS::KMS::Key');
    const { Statement } = key.Properties.KeyPolicy as { Statement: Record<string, unknown>[] };
    const services = Statement.filter(({ Principal }) => 'Service' in (Principal as object));
    expect(services.map(({ Principal }) => (Principal as { Service: string }).Service)).toEqual([
      's3.amazonaws.com',
      'cloudwatch.amazonaws.com',
    ]);
    for (const { Condition } of services)
      expect(Condition).toEqual({ StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } });
    const roles = Object.values(resourcesOf(withKey, 'AWS::IAM::Role'));
    expect(roles).toHaveLength(3);
    for (const { Properties } of roles)
      expect(JSON.stringify(Properties)).toContain('["kms:Decrypt","kms:GenerateDataKey"]');
  });
});

describe('parts', () => {
  it('data alone has no function, role or alarm', () => {
    expect(
      [
        ...new Set(
          Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(({ Type }) => Type),
        ),
      ].sort(),
    ).toEqual(['AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'AWS::SQS::Queue', 'AWS::SQS::QueuePolicy']);
  });

  it('refuses parts that are unknown or hang in the air', () => {
    expect(attempt({ parts: ['data', 'tuning' as 'data'] })).toThrow(
      'parts must be of data, scoring, alarms, monitoring, training, online, got tuning',
    );
    expect(attempt({ parts: ['data', 'alarms'] })).toThrow('part alarms needs part scoring, got data, alarms');
    expect(attempt({ parts: [] })).toThrow('parts must include data');
  });
});
