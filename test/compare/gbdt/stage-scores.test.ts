import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readScores } from '../../../lib/compare/gbdt/stage-scores.ts';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { DECLARATION } from '../../bin/small-log.ts';

it('multiplies the probabilities of the stages along the way, an action that need not happen left out', async () => {
  const stages = `stages:
  click: { label: clicked }
  cart: { label: carted, from: click }
  other: { complement_of: cart, from: click }
  conversion: { label: bought, from: [cart, other] }
roles: { impression: impression, click: click, conversion: conversion }
`;
  const declaration = parseDeclaration(DECLARATION.replace(/stages:[\s\S]*?(?=log:)/, stages), 'shop.yaml');
  const graph = stageGraph(declaration);
  expect(graph.labelled.map(({ name }) => name)).toEqual(['click', 'cart', 'conversion']);
  const path = join(tmpdir(), 'stage-scores');
  // Of each stage one validation row, then two test rows.
  await writeFile(path, Float32Array.of(0.5, 0.1, 0.2, 0.25, 0.3, 0.4, 0.125, 0.5, 0.6));
  const { validation, test } = await readScores(path, graph, { validation: 1, test: 2 });
  expect(validation).toEqual({
    pctr: Float32Array.of(0.5),
    pcvr: Float32Array.of(0.125),
    pctcvr: Float32Array.of(0.0625),
    p_cart: Float32Array.of(0.25),
    p_cart_entire: Float32Array.of(0.125),
  });
  expect(test.pctcvr).toEqual(Float32Array.of(0.5, 0.6).map((value, row) => value * (row === 0 ? 0.1 : 0.2)));
});
