// OCI layouts, written: the parts of a directory, and the tar of one. Source: image-spec image-layout.md.
import { comparePaths, digestHex } from '../core/index.js'
import { blobsOf, descriptorOfAny, type ImageBlob } from '../image/index.js'
import { type Descriptor, layoutFile, layoutIndex, withRefName } from '../oci/index.js'
import { type TarMember, writeTar } from '../tar/index.js'
import { bytesMember, directoryMember, fileMember } from './file-member.js'
import type { ArchiveItem } from './item.js'

/** The files of an OCI layout. */
export interface OciLayout {
  /** Content of `oci-layout`. */
  readonly layoutFile: Uint8Array
  /** Content of `index.json`: one entry for each name of each item. */
  readonly indexFile: Uint8Array
  /** Each goes to `blobs/sha256/<digits>`; sorted by digest. */
  readonly blobs: readonly ImageBlob[]
}

/** The layout of these items: equal items in equal order give equal bytes. */
export async function ociLayout(items: readonly ArchiveItem[]): Promise<OciLayout> {
  const manifests: Descriptor[] = []
  const blobs = new Map<string, ImageBlob>()
  for (const { value, refs } of items) {
    const descriptor = await descriptorOfAny(value)
    if (refs.length === 0) manifests.push(descriptor)
    for (const ref of refs) manifests.push(withRefName(descriptor, ref))
    for (const blob of await blobsOf(value)) blobs.set(blob.descriptor.digest, blob)
  }
  return {
    layoutFile: layoutFile(),
    indexFile: layoutIndex(manifests),
    blobs: [...blobs.values()].sort((a, b) => comparePaths(a.descriptor.digest, b.descriptor.digest)),
  }
}

/** A tar of an OCI layout, as `skopeo` calls `oci-archive`. */
export async function* writeOciArchive(items: readonly ArchiveItem[]): AsyncGenerator<Uint8Array> {
  const layout = await ociLayout(items)
  yield* writeTar(members(layout))
}

function* members(layout: OciLayout): Generator<TarMember> {
  yield bytesMember('oci-layout', layout.layoutFile)
  yield bytesMember('index.json', layout.indexFile)
  yield directoryMember('blobs/')
  yield directoryMember('blobs/sha256/')
  for (const { descriptor, open } of layout.blobs) yield fileMember(`blobs/sha256/${digestHex(descriptor.digest)}`, descriptor.size, open)
}
