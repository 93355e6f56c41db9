// What archives hold.
import type { Image, ImageIndex } from '../image/index.js'

/** An image (or an index) with the names it goes by. */
export interface ArchiveItem {
  readonly value: Image | ImageIndex
  /** In an OCI layout: tags, or names such as `app:1`. In a docker archive: names with tags. As they are stored, unchecked when read. */
  readonly refs: readonly string[]
}

/** The forms of an archive in one file. */
export type ArchiveFormat = 'oci-archive' | 'docker-archive'
