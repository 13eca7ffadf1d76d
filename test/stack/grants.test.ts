import { describe, expect, it } from 'vitest';
import { defaultTemplate, type Resource, readable, resourcesOf } from './fixture.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const template = defaultTemplate();
const roles = resourcesOf(template, 'AWS::IAM::Role');

function statementsOf(role: Resource | undefined): Statement[] {
  const policies = (role?.Properties.Policies ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

/** One line for each action and resource. */
function lines(name: string): string[] {
  return statementsOf(roles[name]).flatMap(({ Effect, Action, Resource, Condition }) => {
    expect([Effect, Condition]).toEqual(['Allow', undefined]);
    return [Action].flat().flatMap((action) => [Resource].flat().map((resource) => `${action} ${readable(resource)}`));
  });
}

const FINISH = [
  's3:GetObject Bucket/_work/*',
  's3:GetObject Bucket/_state/*',
  's3:GetObject Bucket/scores/*',
  's3:GetObjectVersion Bucket/_work/*',
  's3:GetObjectVersion Bucket/_state/*',
  's3:GetObjectVersion Bucket/scores/*',
  's3:PutObject Bucket/_work/*',
  's3:PutObject Bucket/_state/*',
  's3:PutObject Bucket/scores/*',
  's3:PutObject Bucket/_events/*',
  's3:AbortMultipartUpload Bucket/_work/*',
  's3:AbortMultipartUpload Bucket/_state/*',
  's3:AbortMultipartUpload Bucket/scores/*',
  's3:AbortMultipartUpload Bucket/_events/*',
  's3:DeleteObject Bucket/scores/*',
  'events:PutEvents arn:AWS::Partition:events:AWS::Region:AWS::AccountId:event-bus/default',
  's3:ListBucket Bucket',
  's3:ListBucketVersions Bucket',
];

describe('least privilege', () => {
  it.each([
    {
      role: 'PlanShardsRole',
      may: [
        ...FINISH,
        's3:GetObject Bucket/candidates/*',
        's3:GetObjectVersion Bucket/candidates/*',
        's3:GetObject Bucket/models/*',
        's3:GetObjectVersion Bucket/models/*',
        's3:GetObject Bucket/features/*',
        's3:GetObjectVersion Bucket/features/*',
        's3:GetObject Bucket/failed/*',
        's3:GetObjectVersion Bucket/failed/*',
        's3:PutObject Bucket/failed/*',
        's3:AbortMultipartUpload Bucket/failed/*',
        's3:PutObject Bucket/rejects/*',
        's3:AbortMultipartUpload Bucket/rejects/*',
        'sqs:ReceiveMessage Arrivals',
        'sqs:DeleteMessage Arrivals',
        'sqs:ChangeMessageVisibility Arrivals',
        'sqs:GetQueueAttributes Arrivals',
        'sqs:SendMessage Shards',
        'logs:CreateLogStream PlanShardsLogs',
        'logs:PutLogEvents PlanShardsLogs',
      ],
    },
    {
      role: 'ScoreShardRole',
      may: [
        ...FINISH,
        's3:GetObject Bucket/candidates/*',
        's3:GetObjectVersion Bucket/candidates/*',
        's3:GetObject Bucket/models/*',
        's3:GetObjectVersion Bucket/models/*',
        's3:GetObject Bucket/features/*',
        's3:GetObjectVersion Bucket/features/*',
        's3:PutObject Bucket/rejects/*',
        's3:AbortMultipartUpload Bucket/rejects/*',
        'sqs:ReceiveMessage Shards',
        'sqs:DeleteMessage Shards',
        'sqs:ChangeMessageVisibility Shards',
        'sqs:GetQueueAttributes Shards',
        'logs:CreateLogStream ScoreShardLogs',
        'logs:PutLogEvents ScoreShardLogs',
      ],
    },
    {
      role: 'ReconcileRole',
      may: [
        ...FINISH,
        's3:GetObject Bucket/_events/*',
        's3:GetObjectVersion Bucket/_events/*',
        's3:DeleteObject Bucket/_events/*',
        'sqs:SendMessage Shards',
        'sqs:ReceiveMessage ArrivalsDead',
        'sqs:ReceiveMessage ShardsDead',
        'logs:CreateLogStream ReconcileLogs',
        'logs:PutLogEvents ReconcileLogs',
      ],
    },
  ])('$role may do this and nothing else', ({ role, may }) => {
    expect(lines(role).toSorted()).toEqual(may.toSorted());
  });

  it('gives no role a wildcard, a policy of AWS, or a policy from elsewhere', () => {
    expect(Object.keys(roles).sort()).toEqual(['PlanShardsRole', 'ReconcileRole', 'ScoreShardRole']);
    for (const [name, role] of Object.entries(roles)) {
      expect(role.Properties).not.toHaveProperty('ManagedPolicyArns');
      for (const line of lines(name)) expect(line).not.toMatch(/^\S*\*|(^|\s)\*$|Bucket\/\*/);
    }
    template.resourceCountIs('AWS::IAM::Policy', 0);
    template.resourceCountIs('AWS::IAM::ManagedPolicy', 0);
  });

  it('lets Lambda alone take a role', () => {
    for (const { Properties } of Object.values(roles)) {
      const { Statement } = Properties.AssumeRolePolicyDocument as { Statement: { Principal: unknown }[] };
      expect(Statement.map(({ Principal }) => Principal)).toEqual([{ Service: 'lambda.amazonaws.com' }]);
    }
  });
});
