/** The parameters of the layers that pool sequences (lib/model/sequences.ts), as a graph names them. */

/** Whether a parameter is that of a layer that pools a sequence, by its name. */
export function isPooling(parameter: string): boolean {
  return POOLING_PARAMETER.test(parameter);
}

/** Neither a feature nor a tower has a dot in its name. */
const POOLING_PARAMETER =
  /^(?:[^.]+\.)?[^.]+\.(?:attention|lstm)\.(?:\d+\.(?:weight|bias)|positions|input|state|bias)$/;
