/** A user's program over the three doors of the packed product: types, then the real thing. */
import assert from 'node:assert/strict';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import {
  currentVersion,
  type Declaration,
  type FileResult,
  openStore,
  parseDeclaration,
  scoreCandidates,
} from 'entirespace';
import { BatchScoring } from 'entirespace/cdk';
import { type StageGraph, stageGraph } from 'entirespace/model';

const [bucket = ''] = process.argv.slice(2);

const declaration: Declaration = parseDeclaration(
  `name: shop
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [id] }
features: { user_id: { type: category, entity: user, hash: 100 } }
`,
  'entirespace.yaml',
);
const graph: StageGraph = stageGraph(declaration);
assert.deepEqual(
  graph.outputs.map(({ name }) => name),
  ['pctr', 'pcvr', 'pctcvr'],
);

const store = openStore(bucket);
const current = await currentVersion(store, 'hillstrom');
const results: FileResult[] = await scoreCandidates(store, { model: 'hillstrom', again: 'all' });
for (const result of results) {
  assert.equal(result.status, 'succeeded');
  if (result.status === 'succeeded') assert.equal(result.manifest.model.version, current?.version);
}

const stack = new Stack(new App(), 'Shop');
new BatchScoring(stack, 'Scoring', { modelName: 'shop', parts: ['data', 'scoring'] });
Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 3);
console.log(`the packed library scored ${results.length} files and made a stack`);
