/** Where projections keep their documents: whole, guarded by position, found by indexed fields. */

/**
 * A document of a read model. `_position` is the tape position of the last event that changed it. The fields that come
 * after it are the read model's own, for finding, sorting and changing the document: nobody else is shown them.
 */
export interface ReadDocument {
  readonly _position: string;
  readonly [field: string]: unknown;
}

/** Fields that can be filtered and sorted by, in order; values are strings, numbers or null. */
export type IndexDefinition = readonly string[];

export interface CollectionDefinition {
  /** Each version and build has a collection of its own: `orders@1.2`. */
  readonly name: string;
  readonly indexes: readonly IndexDefinition[];
}

export interface DocumentWrite {
  readonly collection: string;
  readonly key: string;
  readonly document: ReadDocument;
}

export type FieldValue = string | number | null;

export interface FindQuery {
  readonly collection: string;
  readonly equal?: Readonly<Record<string, FieldValue | readonly FieldValue[]>> | undefined;
  /** From inclusive, to exclusive. */
  readonly range?:
    | { readonly field: string; readonly from?: FieldValue | undefined; readonly to?: FieldValue | undefined }
    | undefined;
  /** The key breaks ties, so the order is total. */
  readonly sort: { readonly field: string; readonly isDescending: boolean };
  /** Sort value and key of the last document of the page before. */
  readonly after?: { readonly value: FieldValue; readonly key: string } | undefined;
  readonly limit: number;
}

export interface FoundDocument {
  readonly key: string;
  readonly document: ReadDocument;
}

/** A document as the text of its JSON, without `_position` and what comes after it. */
export interface ShownText {
  readonly text: string;
  /** `_position`. */
  readonly position: string;
}

export interface FoundText extends ShownText {
  readonly key: string;
  /** Of the field that was sorted by. */
  readonly value: FieldValue;
}

/** Where projections keep their documents. */
export interface ReadStore {
  /** Makes collections and indexes that are not there yet. */
  prepare(collections: readonly CollectionDefinition[]): Promise<void>;
  load(collection: string, keys: readonly string[]): Promise<ReadonlyMap<string, ReadDocument>>;
  /** The text of one document, for whom only hands it on; undefined when it is not there. */
  loadText(collection: string, key: string): Promise<ShownText | undefined>;
  /**
   * Writes whole documents, each only if the stored one is absent or at a lower `_position`, and then the checkpoint,
   * which never goes back. Returns the keys that were written, as `collection/key`.
   */
  commit(projection: string, writes: readonly DocumentWrite[], position: string): Promise<ReadonlySet<string>>;
  /** The last committed checkpoint of a projection, or START. */
  checkpoint(projection: string): Promise<string>;
  find(query: FindQuery): Promise<FoundDocument[]>;
  /** As `find`, for whom only hands the documents on. */
  findTexts(query: FindQuery): Promise<readonly FoundText[]>;
  /** Removes collections, those that are there, with all they hold, and forgets the checkpoint. */
  drop(projection: string, collections: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
