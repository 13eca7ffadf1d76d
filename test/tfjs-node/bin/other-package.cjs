/** Preloaded into a process: `@tensorflow/tfjs-node` is the package in the folder that `PACKAGE` names. */
const Module = require('node:module');

const NAME = '@tensorflow/tfjs-node';
const load = Module._load;
Module._load = (request, ...rest) =>
  load(request.startsWith(NAME) ? request.replace(NAME, process.env.PACKAGE) : request, ...rest);
