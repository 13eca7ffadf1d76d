import type { ModelChoice } from '../../config/declaration.ts';
import type { Network, NetworkShape } from '../network.ts';
import { aitm } from './aitm.ts';
import { aman } from './aman.ts';
import { base } from './base.ts';
import { dcmt } from './dcmt.ts';
import { delayBuckets } from './delay-buckets.ts';
import { delayed } from './delayed.ts';
import { division } from './division.ts';
import { escm2Dr } from './escm2-dr.ts';
import { escm2Ips } from './escm2-ips.ts';
import { esmm } from './esmm.ts';
import { esmmNs } from './esmm-ns.ts';
import { oversampling } from './oversampling.ts';
import { unbias } from './unbias.ts';

/**
 * The models by `model.type` of the declaration. A new model needs a file in this folder, a line here, and its name in
 * `lib/config/sections/model.ts`.
 */
export const MODELS: Readonly<Record<ModelChoice['type'], (shape: NetworkShape) => Network>> = {
  esmm,
  'esmm-ns': esmmNs,
  base,
  aman,
  oversampling,
  'escm2-ips': escm2Ips,
  'escm2-dr': escm2Dr,
  dcmt,
  division,
  unbias,
  aitm,
  delayed,
  'delay-buckets': delayBuckets,
};
