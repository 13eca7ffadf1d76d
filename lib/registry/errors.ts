/** Thrown where a model, a version of it, or a version before the current one does not exist. */
export class VersionNotFoundError extends Error {
  override readonly name = 'VersionNotFoundError';
}

/** Thrown where a version would be promoted by hand that the gate refused. */
export class RefusedVersionError extends Error {
  override readonly name = 'RefusedVersionError';
}

/** Thrown where the files of a version are not those that its manifest names; nothing of them may be loaded. */
export class ModelCorruptedError extends Error {
  override readonly name = 'ModelCorruptedError';
}

/** Thrown where a disk has no room for the files of a version. */
export class NoRoomForVersionError extends Error {
  override readonly name = 'NoRoomForVersionError';
}

/** Thrown where another run is training the model. */
export class LeaseHeldError extends Error {
  override readonly name = 'LeaseHeldError';
}

/** Thrown where a run that trained a model may not promote it any more, for another has taken over. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** Thrown before a training whose version the gate could only refuse. */
export class ForeseenRefusalError extends Error {
  override readonly name = 'ForeseenRefusalError';
}
