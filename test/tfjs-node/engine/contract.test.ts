import { createTfjsNodeEngine } from '../../../lib/engine/tfjs-node/engine.ts';
import { describeEngineContract } from '../../engine/engine-contract.ts';

describeEngineContract('the engine on tfjs-node', createTfjsNodeEngine);
