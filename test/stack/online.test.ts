import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LAMBDA_ENTRIES } from '../../scripts/bundle-functions.ts';
import { attempt, defaultTemplate, makeApp, makeTemplate, onlyResource, readable, resourcesOf } from './fixture.ts';

const PARTS = ['data', 'online'] as const;
const template = makeTemplate({ parts: [...PARTS], onlineMemoryMiB: 1536 });

describe('the online part', () => {
  it('is made where it is named alone, and needs the data part and a model', () => {
    defaultTemplate().resourceCountIs('AWS::Lambda::Url', 0);
    expect(attempt({ parts: ['online'] })).toThrow('part online needs part data, got online');
    expect(attempt({ parts: [...PARTS], modelName: undefined as never })).toThrow(
      'modelName is missing: the online part scores with one model',
    );
  });

  it('has a URL that only callers whom IAM allows may call', () => {
    expect(onlyResource(template, 'AWS::Lambda::Url').Properties).toMatchObject({ AuthType: 'AWS_IAM' });
    template.resourceCountIs('AWS::Lambda::Permission', 0);
    expect(JSON.stringify(template.toJSON())).not.toContain('"NONE"');
  });

  it('is a function whose entry is in the asset, with room for feature tables', () => {
    const { Handler, MemorySize, Environment } = onlyResource(template, 'AWS::Lambda::Function').Properties;
    expect(Object.keys(LAMBDA_ENTRIES)).toContain(String(Handler).replace('.handler', ''));
    expect(MemorySize).toBe(1536);
    expect((Environment as { Variables: object }).Variables).toMatchObject({
      MODEL_NAME: 'shop',
      TABLE_MEMORY_MIB: '512',
    });
  });

  it('may read models and feature tables, add to the statistics of requests, and nothing else', () => {
    const roles = Object.values(resourcesOf(template, 'AWS::IAM::Role')).flatMap(({ Properties }) =>
      Properties.Policies === undefined ? [] : (Properties.Policies as { PolicyDocument: { Statement: unknown } }[]),
    );
    const statements = roles.flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[],
    );
    const objects = statements.filter(({ Action }) => [Action].flat().includes('s3:GetObject'));
    expect(objects.map(({ Resource }) => [Resource].flat().map(readable))).toEqual([
      ['models', 'features', 'online'].map((prefix) => expect.stringMatching(new RegExp(`${prefix}/\\*$`))),
    ]);
    expect(statements.flatMap(({ Action }) => Action).toSorted()).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:AbortMultipartUpload',
      's3:GetObject',
      's3:GetObjectVersion',
      's3:ListBucket',
      's3:ListBucketVersions',
      's3:PutObject',
    ]);
  });

  it('is nothing that cdk-nag finds fault with', () => {
    const { app, remove } = makeApp({ parts: [...PARTS] });
    onTestFinished(remove);
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([]);
  });
});
