// Docker archives, read. Source: moby image/tarexport.
import { detectCompression, MAGIC_BYTES, peek } from '../compress/index.js'
import { type Digest, FormatError } from '../core/index.js'
import { imageOf, type Layer, layerFromBlob } from '../image/index.js'
import {
  asArray,
  asString,
  CONFIG_MAX_BYTES,
  decodeConfig,
  JsonObject,
  layerMediaType,
  MANIFEST_MAX_BYTES,
  parseJson,
} from '../oci/index.js'
import { digestOfStream } from './digest.js'
import type { ArchivedFile, ArchiveFiles } from './files.js'
import type { ArchiveItem } from './item.js'

interface DockerEntry {
  readonly config: string
  readonly refs: readonly string[]
  readonly layers: readonly string[]
}

/** The images of a docker archive, as OCI images: the configuration's bytes stay, and so does the image ID; the layers are as they lie in the archive.
 *  @throws FormatError for a malformed `manifest.json`, files that are not there, and a number of layers that does not fit */
export async function readDockerArchive(files: ArchiveFiles): Promise<readonly ArchiveItem[]> {
  const manifest = parseJson(await files.bytes('manifest.json', MANIFEST_MAX_BYTES), 'manifest.json', MANIFEST_MAX_BYTES)
  const entries = asArray(decodeEntry)(manifest, '$')
  const items: ArchiveItem[] = []
  for (const [index, entry] of entries.entries()) {
    const configBytes = await files.bytes(entry.config, CONFIG_MAX_BYTES)
    const diffIds = decodeConfig(configBytes).rootfs.diff_ids
    if (diffIds.length !== entry.layers.length) {
      throw new FormatError(`${entry.layers.length} layers for ${diffIds.length} diffIDs`, { jsonPath: `$[${index}].Layers` })
    }
    const layers: Layer[] = []
    for (const [at, name] of entry.layers.entries()) layers.push(await layerOf(files.file(name), diffIds[at]!))
    items.push({ value: await imageOf({ config: configBytes, layers }), refs: entry.refs })
  }
  return items
}

function decodeEntry(value: unknown, path: string): DockerEntry {
  const object = new JsonObject(value, path, ['Layers'])
  return {
    config: object.required('Config', asString),
    refs: object.optional('RepoTags', asArray(asString)) ?? [],
    layers: object.required('Layers', asArray(asString)),
  }
}

// Uncompressed, its digest is the diffID and nothing needs to be read. Some tools put compressed layers in.
async function layerOf(file: ArchivedFile, diffId: Digest): Promise<Layer> {
  const { head, stream } = await peek(file.open(), MAGIC_BYTES)
  const compression = detectCompression(head)
  const digest = compression === 'none' ? diffId : await digestOfStream(stream)
  return layerFromBlob({ digest, diffId, size: file.size, mediaType: layerMediaType(compression), open: () => file.open() })
}
