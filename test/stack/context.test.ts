import { RemovalPolicy } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { expect, it } from 'vitest';
import { propsFromContext } from '../../lib/stack/context.ts';

function propsOf(context: Record<string, unknown>) {
  return propsFromContext((name) => context[name]);
}

it('reads a model alone', () => {
  expect(propsOf({ model: 'shop' })).toEqual({ stackName: 'entirespace', modelName: 'shop' });
});

it('reads everything', () => {
  const context = {
    model: 'shop',
    parts: 'data,scoring',
    stack: 'shop-scores',
    arch: 'arm64',
    asset: 'build/lambda',
    email: 'on-call@example.com',
    concurrency: '20',
    memory: 1769,
    scratch: '512',
    filesBy: '6',
    scoresDays: '30',
    remove: 'true',
  };
  expect(propsOf(context)).toEqual({
    stackName: 'shop-scores',
    parts: ['data', 'scoring'],
    modelName: 'shop',
    assetFolder: 'build/lambda',
    email: 'on-call@example.com',
    maxConcurrency: 20,
    memoryMiB: 1769,
    scratchMiB: 512,
    filesByHour: 6,
    scoresDays: 30,
    removalPolicy: RemovalPolicy.DESTROY,
    architecture: Architecture.ARM_64,
  });
});

it('needs no model for the data part', () => {
  expect(propsOf({ parts: 'data' })).toEqual({ stackName: 'entirespace', parts: ['data'] });
});

it('fails with everything that is wrong', () => {
  expect(() => propsOf({ arch: 'x86', concurrency: 'ten', filesBy: '6:00' })).toThrow(
    'context is not as expected: arch must be x64 or arm64, got x86; model is missing: pass -c model=<name>, as in its declaration; concurrency must be a whole number, got ten; filesBy must be a whole number, got 6:00',
  );
});
