// Docker archives of the old form alone, without manifest.json: `repositories` names images, each a chain of directories. Source: moby image/spec/v1.md.
import { decompress, detectCompression, MAGIC_BYTES, peek } from '../compress/index.js'
import { FormatError } from '../core/index.js'
import { imageOf, type Layer, layerFromBlob } from '../image/index.js'
import { asArray, asString, CONFIG_MAX_BYTES, encodeJson, JsonObject, layerMediaType, MANIFEST_MAX_BYTES, parseJson } from '../oci/index.js'
import { digestOfStream } from './digest.js'
import type { ArchivedFile, ArchiveFiles } from './files.js'
import type { ArchiveItem } from './item.js'

/** Layers of one image. An overlay of the kernel takes 500. */
const LAYERS_MAX = 500

/** The images that `repositories` names, lowest layer first, as OCI images: the configuration is made of the chain's documents, and each layer is read once
 *  for its digest. @throws FormatError for malformed documents, chains that are cut off or go round, and more than 500 layers */
export async function readLegacyArchive(files: ArchiveFiles): Promise<readonly ArchiveItem[]> {
  const refs = refsOf(parseJson(await files.bytes('repositories', MANIFEST_MAX_BYTES), 'repositories', MANIFEST_MAX_BYTES))
  const layers = new Map<string, Layer>()
  const items: ArchiveItem[] = []
  for (const [id, names] of refs) {
    const chain = await chainOf(files, id)
    const stack: Layer[] = []
    for (const { id: at } of chain) {
      const layer = layers.get(at) ?? (await layerOf(files.file(`${at}/layer.tar`)))
      layers.set(at, layer)
      stack.push(layer)
    }
    items.push({ value: await imageOf({ config: encodeJson(configOf(chain, stack)), layers: stack }), refs: names })
  }
  return items
}

interface Link {
  readonly id: string
  readonly json: JsonObject
}

/** Names by the image they name, in the order of the file. */
function refsOf(value: unknown): ReadonlyMap<string, readonly string[]> {
  const repositories = new JsonObject(value, '$')
  const refs = new Map<string, string[]>()
  for (const name of Object.keys(repositories.fields)) {
    const tags = new JsonObject(repositories.raw(name), repositories.at(name))
    for (const tag of Object.keys(tags.fields)) {
      const id = idAt(tags, tag)
      refs.set(id, [...(refs.get(id) ?? []), `${name}:${tag}`])
    }
  }
  return refs
}

function idAt(object: JsonObject, key: string): string {
  const id = object.required(key, asString)
  if (!/^[0-9a-f]{64}$/.test(id)) throw new FormatError('must be an image ID of 64 hexadecimal digits', { jsonPath: object.at(key) })
  return id
}

async function chainOf(files: ArchiveFiles, top: string): Promise<readonly Link[]> {
  const chain: Link[] = []
  const seen = new Set<string>()
  for (let id: string | undefined = top; id !== undefined; ) {
    if (seen.has(id)) throw new FormatError(`the image ${id} is its own parent`)
    if (seen.size === LAYERS_MAX) throw new FormatError(`an image of more than ${LAYERS_MAX} layers`)
    seen.add(id)
    const name = `${id}/json`
    const json: JsonObject = new JsonObject(parseJson(await files.bytes(name, CONFIG_MAX_BYTES), name, CONFIG_MAX_BYTES), '$')
    chain.unshift({ id, json })
    id = json.has('parent') && json.raw('parent') !== '' ? idAt(json, 'parent') : undefined
  }
  return chain
}

function configOf(chain: readonly Link[], layers: readonly Layer[]): object {
  const top = chain.at(-1)!.json
  const optional = (key: string) => (top.has(key) ? { [key]: top.raw(key) } : {})
  return {
    architecture: top.optional('architecture', asString) ?? 'amd64',
    os: top.optional('os', asString) ?? 'linux',
    ...optional('variant'),
    ...optional('os.version'),
    ...optional('author'),
    ...optional('created'),
    ...optional('config'),
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: chain.map(({ json }) => historyOf(json)),
  }
}

function historyOf(json: JsonObject): object {
  const text = (key: string) => {
    const value = json.optional(key, asString)
    return value === undefined ? {} : { [key]: value }
  }
  const command = json.optional('container_config', (value, path) => new JsonObject(value, path))?.optional('Cmd', asArray(asString))
  const created_by = command?.join(' ') ?? ''
  return { ...text('created'), ...text('author'), ...text('comment'), ...(created_by === '' ? {} : { created_by }) }
}

// Nothing in the archive says what a layer must be: reading it is the only way to its digests.
async function layerOf(file: ArchivedFile): Promise<Layer> {
  const { head, stream } = await peek(file.open(), MAGIC_BYTES)
  const compression = detectCompression(head)
  const diffId = await digestOfStream(decompress(stream, compression))
  const digest = compression === 'none' ? diffId : await digestOfStream(file.open())
  return layerFromBlob({ digest, diffId, size: file.size, mediaType: layerMediaType(compression), open: () => file.open() })
}
