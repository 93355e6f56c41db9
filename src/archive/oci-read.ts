// OCI layouts, read. Source: image-spec image-layout.md.
import { digestHex, FormatError } from '../core/index.js'
import { type BlobReader, imageFromBlobs, indexFromBlobs } from '../image/index.js'
import { checkLayoutFile, type Descriptor, decodeIndex, isIndexType, isManifestType, MANIFEST_MAX_BYTES, refNameOf } from '../oci/index.js'
import type { ArchiveFiles } from './files.js'
import type { ArchiveItem } from './item.js'

/** containerd and Docker write the full name beside the tag. */
const CONTAINERD_NAME = 'io.containerd.image.name'
const LAYOUT_MAX_BYTES = 4096

/** The items of a layout, given its two files and its blobs; artifacts of other types are left out.
 *  @throws FormatError for another layout version, a malformed index and one name for two images */
export function readLayout(
  files: { readonly layoutFile: Uint8Array; readonly indexFile: Uint8Array },
  read: BlobReader,
): readonly ArchiveItem[] {
  checkLayoutFile(files.layoutFile)
  const items = new Map<string, { readonly descriptor: Descriptor; readonly refs: Set<string> }>()
  const owners = new Map<string, string>()
  for (const descriptor of decodeIndex(files.indexFile).manifests) {
    if (!isManifestType(descriptor.mediaType) && !isIndexType(descriptor.mediaType)) continue
    const item = items.get(descriptor.digest) ?? { descriptor, refs: new Set() }
    items.set(descriptor.digest, item)
    const ref = descriptor.annotations?.[CONTAINERD_NAME] ?? refNameOf(descriptor)
    if (ref === undefined) continue
    if ((owners.get(ref) ?? descriptor.digest) !== descriptor.digest) {
      throw new FormatError(`two images are named ${JSON.stringify(ref.slice(0, 200))}`, { jsonPath: '$.manifests' })
    }
    owners.set(ref, descriptor.digest)
    item.refs.add(ref)
  }
  return [...items.values()].map(({ descriptor, refs }) => ({
    refs: [...refs],
    value: isIndexType(descriptor.mediaType) ? indexFromBlobs(read, descriptor) : imageFromBlobs(read, descriptor),
  }))
}

/** The items of an OCI archive. */
export async function readOciArchive(files: ArchiveFiles): Promise<readonly ArchiveItem[]> {
  const layoutFile = await files.bytes('oci-layout', LAYOUT_MAX_BYTES)
  const indexFile = await files.bytes('index.json', MANIFEST_MAX_BYTES)
  return readLayout({ layoutFile, indexFile }, ({ digest }) => files.file(`blobs/sha256/${digestHex(digest)}`).open())
}
