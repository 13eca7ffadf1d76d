/** Preloaded into a process: the binary that `NO_BINARY` names cannot be loaded, as on a platform that has none. */
const Module = require('node:module');

const load = Module._load;
Module._load = (request, ...rest) => {
  if (request.includes(process.env.NO_BINARY)) throw new Error(`Cannot find module '${request}'`);
  return load(request, ...rest);
};
