/** Exit codes of the command and of the training container, by which scripts and the state machine act. */

export const EXIT_CODES = {
  success: 0,
  'unexpected error': 1,
  usage: 2,
  'bad declaration': 3,
  'bad data': 4,
  'bad or missing model': 5,
  'disk or memory': 6,
  /** The gate refused the version, or a pin holds the current one. */
  'not promoted': 7,
  interrupted: 130,
} as const;

/** Exit codes of a training run in its container, which has more ways to end. */
export const RUN_EXIT_CODES = {
  ...EXIT_CODES,
  /** Another run trains the model already, or has taken over. */
  'another run': 9,
  /** Ended by SIGTERM, with all that was learnt kept: 128 + 15. */
  terminated: 143,
} as const;

/** An exit code of the command or of a training run. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
