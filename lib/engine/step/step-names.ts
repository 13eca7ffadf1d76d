/** The names of the inputs and outputs of the graphs of training. Each kind has a prefix of its own. */

/** Name of the input that holds the embedded matrix, [batch, embeddings.width]. */
export const EMBEDDED = 'embedded';
/** Name of the output for the gradient of the total loss by the embedded matrix. */
export const EMBEDDED_GRADIENT = 'gradient/embedded';
/** Name of the input that holds the embedded matrix of the shared rows, [distinct, their columns]. */
export const SHARED = 'shared/embedded';
/** Name of the input that holds the shared row of each row, int64 [batch]. */
export const SHARED_ROWS = 'shared/rows';
/** Name of the output for the gradient of the total loss by the embedded matrix of the shared rows. */
export const SHARED_GRADIENT = 'gradient/shared';
/** Returns the name of the input that holds a stage's labels, [batch, 1]. */
export const labelName = (stage: string) => `label/${stage}`;
/** Returns the name of the input that holds the rows' weights in a stage's loss, [batch, 1]. */
export const weightName = (stage: string) => `weight/${stage}`;
/** Returns the name of the input that holds an untransformed number, [batch]. */
export const numberName = (input: string) => `number/${input}`;
/** Returns the name of the input that has 1 for each item of a sequence and 0 for its padding, [batch, length]. */
export const presentName = (input: string) => `present/${input}`;
/** Returns the name of the input that holds a dropout mask, [batch, units]. */
export const maskName = (mask: string) => `mask/${mask}`;
/** Returns the name of the input that holds a parameter. */
export const parameterName = (parameter: string) => `parameter/${parameter}`;
/** Returns the name of the output for the gradient of the total loss by a parameter. */
export const gradientName = (parameter: string) => `gradient/${parameter}`;
/** Returns the name of the output for a probability of the model, [batch]. */
export const probabilityName = (output: string) => `probability/${output}`;
/** Returns the name of the output for a loss, a scalar. */
export const lossName = (loss: string) => `loss/${loss}`;
