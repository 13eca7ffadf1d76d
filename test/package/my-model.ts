/** A user's model over the door of the packed product, checked by the compiler and then trained. */
import * as tf from '@tensorflow/tfjs-core';
import { defineModel } from 'entirespace/model';

export default defineModel(
  ({ inputs, layers, hiddenUnits }) => {
    const shared = layers.mlp('shared', inputs.click, { units: hiddenUnits });
    return {
      click: layers.tower('click', tf.tanh(shared), { units: [8] }),
      conversion: layers.tower('conversion', layers.normalize('norm', shared), { units: [8] }),
    };
  },
  {
    losses: ({ logits, labels, reach, crossEntropy }) => ({
      click: crossEntropy(labels.click, logits.click),
      conversion: crossEntropy(labels.conversion, reach('conversion')),
    }),
  },
);
