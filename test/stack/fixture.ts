import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BatchScoring, type BatchScoringProps } from '../../lib/stack/batch-scoring.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
}

/** An app with one stack, `shop`, over a stand-in for the functions' asset. */
export function makeApp(props: BatchScoringProps | ((stack: Stack) => BatchScoringProps) = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'stack-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const assetFolder = join(folder, 'lambda');
    mkdirSync(assetFolder);
    writeFileSync(join(assetFolder, 'score-shard.js'), 'exports.handler = async () => {};\n');
    const app = new App({ outdir: join(folder, 'cdk.out') });
    const stack = new Stack(app, 'Stack', { stackName: 'shop' });
    const options = typeof props === 'function' ? props(stack) : props;
    new BatchScoring(stack, 'BatchScoring', { modelName: 'shop', assetFolder, ...options });
    return { app, stack, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** That app, its stack, and the CloudFormation template of it. */
export function makeBoth(props: BatchScoringProps | ((stack: Stack) => BatchScoringProps)) {
  const { app, stack, remove } = makeApp(props);
  try {
    return { app, stack, template: Template.fromStack(stack) };
  } finally {
    remove();
  }
}

/** The template alone. */
export function makeTemplate(props: BatchScoringProps | ((stack: Stack) => BatchScoringProps)): Template {
  return makeBoth(props).template;
}

let byDefault: Template | null = null;

/** The template of a stack without other properties than a model, made once for all tests, which only read it. */
export function defaultTemplate(): Template {
  byDefault ??= makeTemplate({});
  return byDefault;
}

/** Tries to make the stack, for what it throws. */
export function attempt(props: BatchScoringProps): () => void {
  return () => makeApp(props).remove();
}

/** Resources of a type, with the part of their logical ids that is theirs: `ShardsDead` of `BatchScoringDataShardsDead0F8A3CD`. */
export function resourcesOf(template: Template, type: string): Record<string, Resource> {
  return Object.fromEntries(
    Object.entries(template.findResources(type)).map(([id, resource]) => [shortName(id), resource as Resource]),
  );
}

/** The only resource of a type. */
export function onlyResource(template: Template, type: string): Resource {
  const [resource, ...others] = Object.values(resourcesOf(template, type));
  if (resource === undefined || others.length > 0) throw new Error(`template has not one ${type}`);
  return resource;
}

/** A logical id without its path and hash. */
export function shortName(id: string): string {
  return id.replace(/^BatchScoring(Data|Scoring|Alarms(Scoring)?)?/, '').replace(/[0-9A-F]{8}$/, '');
}

/** An ARN or URL of the template in a form to be read: `Shards`, `Bucket/scores/*`. */
export function readable(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument] = []] = Object.entries(value as Record<string, unknown>);
  if (name === 'Ref') return shortName(argument as string);
  if (name === 'Fn::GetAtt') return shortName((argument as string[])[0] ?? '');
  if (name === 'Fn::Join') return ((argument as [string, unknown[]])[1] ?? []).map(readable).join('');
  return JSON.stringify(value);
}
