/**
 * The object store: the few operations of S3 that the product needs, so that a folder, a bucket and a map in
 * memory are interchangeable. Keys are relative, separated by `/`, and never begin with one.
 */

/** Facts about one version of an object. */
export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  /**
   * Identifies these bytes for ever. A store that keeps no old versions throws `ObjectNotFoundError` after a change.
   */
  readonly versionId: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An object as a listing has it; its `metadata` may be empty. */
export interface ListedObject extends ObjectInfo {
  /** When the object came to be in the store, by the store's clock. */
  readonly storedAt: Date;
}

/** An object with its bytes. */
export interface StoredObject extends ObjectInfo {
  readonly body: Uint8Array;
}

/** The condition and the metadata of a write. */
export interface PutOptions {
  /** Write only where no object has the key: S3's `If-None-Match: *`. */
  readonly ifAbsent?: boolean;
  /** Write only where the current object has this etag: S3's `If-Match`. */
  readonly ifMatch?: string;
  /** Keys in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** How a file is written as an object. */
export interface PutFileOptions extends PutOptions {
  /** The object is written after this resolves, and not if it rejects; the file may be copied before. @default at once */
  readonly after?: Promise<unknown>;
}

/** Bytes `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What is read of an object. */
export interface GetOptions {
  /** @default the current version */
  readonly versionId?: string;
  /** @default all bytes */
  readonly range?: ByteRange;
  /**
   * Room in which the body may be returned, instead of in new memory. Large reads in a row would else be as much garbage,
   * whose collection takes longer than they do.
   */
  readonly room?: Uint8Array;
}

/** An object store: a folder, a bucket, or a map in memory. */
export interface Store {
  /** Where the store is, for messages: `file:///data/bucket`, `s3://bucket`, `memory:`. */
  readonly url: string;
  /** Whether `toFile` returns the object's own file, which costs no copy and may be replaced while it is read. */
  readonly hasFiles: boolean;
  /** The time by the store's own clock, which all its users share; a bucket's has a resolution of one second. */
  now(): Promise<Date>;
  /**
   * Facts about the current object, or of one version; `null` where there is none. `list` may leave `metadata` empty,
   * `head` never does.
   */
  head(key: string, versionId?: string): Promise<ObjectInfo | null>;
  /** @throws {ObjectNotFoundError} where the key, or that version of it, does not exist. */
  get(key: string, options?: GetOptions): Promise<StoredObject>;
  /**
   * Writes the whole object or nothing.
   * @throws {PreconditionFailedError} where `ifAbsent` or `ifMatch` does not hold.
   */
  put(key: string, body: Uint8Array | string, options?: PutOptions): Promise<ObjectInfo>;
  /** Deletes the current object; no error where there is none. */
  delete(key: string): Promise<void>;
  /** Copies the current object within the store, bytes and metadata. */
  copy(from: string, to: string): Promise<void>;
  /** Every object whose key starts with the prefix, in the order of the keys' UTF-8 bytes; strongly consistent. */
  list(prefix: string): AsyncIterable<ListedObject>;
  /**
   * The folders directly below one (a prefix that ends in `/`, or is empty) that hold an object at any depth, each as
   * the prefix of its keys, in the order of their UTF-8 bytes. However many objects they hold, none of them is listed.
   */
  listFolders(folder: string): AsyncIterable<string>;
  /** Writes a local file as an object, for bodies too large for memory. Same conditions as `put`. */
  putFile(key: string, path: string, options?: PutFileOptions): Promise<ObjectInfo>;
  /**
   * A local path whose content is that version, for readers that need one (DuckDB, onnxruntime). A store of files
   * returns the file itself; the others copy into `scratch`, and the caller removes `scratch` afterwards.
   * @throws {ObjectNotFoundError}
   */
  toFile(key: string, scratch: string, versionId?: string): Promise<string>;
}

/** Thrown where an object, or the asked version of it, does not exist. */
export class ObjectNotFoundError extends Error {
  override readonly name = 'ObjectNotFoundError';
  constructor(
    readonly key: string,
    readonly storeUrl: string,
    readonly versionId?: string,
  ) {
    super(`no object ${key} in ${storeUrl}${versionId === undefined ? '' : `, version ${versionId}`}`);
  }
}

/** Thrown where a conditional write's condition does not hold (HTTP 412). */
export class PreconditionFailedError extends Error {
  override readonly name = 'PreconditionFailedError';
  constructor(
    readonly key: string,
    readonly storeUrl: string,
    readonly condition: 'ifAbsent' | 'ifMatch',
  ) {
    super(`${key} in ${storeUrl} ${condition === 'ifAbsent' ? 'exists already' : 'changed since it was read'}`);
  }
}
