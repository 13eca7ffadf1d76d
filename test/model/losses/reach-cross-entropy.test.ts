import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import '../../../lib/model/gradients/kernel-gradients.ts';
import { reachLosses } from '../../../lib/model/losses/reach-cross-entropy.ts';
import type { Tensors } from '../../../lib/model/network.ts';
import { stageGraph } from '../../../lib/model/stage-graph.ts';
import { chainOfThree, esm2 } from '../funnels.ts';

const column = (...values: number[]) => tf.tensor2d(values, [values.length, 1]);
const LOGITS = [column(-2, 0.5, 1, -40), column(0.3, -1, 2, 0.5), column(1, -0.7, -5, 3)] as const;
const LABELS = { click: column(1, 0, 1, 1), action: column(0, 0, 1, 0), buy: column(1, 0, 0, 0) };
const WEIGHTS = column(0.25, 0.25, 0.25, 0.25);

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Returns the losses by name, and the gradients of their sum by the logits of click, action and buy. */
function lossesOf(of: (click: tf.Tensor, action: tf.Tensor, buy: tf.Tensor) => Record<string, tf.Tensor>) {
  const losses = of(...LOGITS);
  const gradients = tf.grads((click, action, buy) =>
    Object.values(of(click as tf.Tensor, action as tf.Tensor, buy as tf.Tensor)).reduce((a, b) => tf.add(a, b)),
  )([...LOGITS]);
  return {
    losses: Object.fromEntries(Object.entries(losses).map(([name, value]) => [name, value.dataSync()[0] as number])),
    gradients: gradients.map((gradient) => [...gradient.dataSync()]),
  };
}

function namedLosses(funnel: Parameters<typeof stageGraph>[0], logits: Tensors, labels: Tensors) {
  const weights = Object.fromEntries(Object.keys(labels).map((name) => [name, WEIGHTS]));
  const losses = reachLosses({ graph: stageGraph(funnel) })(logits, { labels, weights });
  return Object.fromEntries(losses.map(({ name, value }) => [name, value]));
}

describe('reachLosses', () => {
  it('of ESM2, where one tower predicts the purchase with and without action, are those of ESMM and of the action', () => {
    const decomposed = lossesOf((click, action, buy) =>
      namedLosses(esm2, { click, action, buy_after_action: buy, buy_after_other: buy }, LABELS),
    );
    const plain = lossesOf((click, action, buy) => {
      const { click: ofClick, conversion } = namedLosses(
        chainOfThree,
        { click, conversion: buy },
        { click: LABELS.click, conversion: LABELS.buy },
      );
      // The action given the click takes the place of the conversion.
      const { conversion: ofAction } = namedLosses(
        chainOfThree,
        { click, conversion: action },
        { click: LABELS.click, conversion: LABELS.action },
      );
      return { click: ofClick, action: ofAction, buy: conversion } as Record<string, tf.Tensor>;
    });
    for (const [name, loss] of Object.entries(plain.losses)) expect(decomposed.losses[name]).toBeCloseTo(loss, 5);
    plain.gradients.forEach((gradient, tower) => {
      gradient.forEach((value, row) => {
        expect(decomposed.gradients[tower]?.[row]).toBeCloseTo(value, 5);
      });
    });
  });
});
