export {
  type Change,
  type FileEntry,
  type InodeEntry,
  type Layer,
  type LayerEntry,
  type LayerFromChangesOptions,
  type LayerFromTarOptions,
  layerFromBlob,
  layerFromChanges,
  layerFromTar,
  memorySpool,
  type Spool,
  type SpooledBlob,
} from '../layer/index.js'
export type * from '../oci/index.js'
export { type BlobReader, readDocument } from './blobs.js'
export * from './blobs-of.js'
export * from './choose.js'
export * from './compose.js'
export * from './edit.js'
export * from './from-blobs.js'
export { layersInHistory } from './history.js'
export * from './image.js'
export * from './indexes.js'
export * from './merge.js'
export * from './rebase.js'
export * from './squash.js'
export * from './validate.js'
