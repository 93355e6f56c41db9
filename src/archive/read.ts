// An archive of unknown form.
import { detectCompression, MAGIC_BYTES } from '../compress/index.js'
import { FormatError, UnsupportedError } from '../core/index.js'
import type { RandomAccess } from '../tar/index.js'
import { readLegacyArchive } from './docker-legacy-read.js'
import { readDockerArchive } from './docker-read.js'
import { ArchiveFiles } from './files.js'
import type { ArchiveFormat, ArchiveItem } from './item.js'
import { readOciArchive } from './oci-read.js'

/** What an archive holds. The values read from the archive when they are asked, so it must stay open. */
export interface ReadArchive {
  readonly format: ArchiveFormat
  readonly items: readonly ArchiveItem[]
}

/** Reads an archive of either form, by what is in it; one that is both (Docker 25 and later) is an OCI archive. Only headers and small documents are
 *  read here. @throws UnsupportedError for a compressed archive @throws FormatError for anything that is no image archive */
export async function readArchive(input: RandomAccess): Promise<ReadArchive> {
  const compression = detectCompression(await input.read(0, MAGIC_BYTES))
  if (compression !== 'none') {
    throw new UnsupportedError(`the archive is compressed with ${compression}`, { remedy: 'decompress it first' })
  }
  const files = await ArchiveFiles.of(input)
  if (files.has('oci-layout') && files.has('index.json')) return { format: 'oci-archive', items: await readOciArchive(files) }
  if (files.has('manifest.json')) return { format: 'docker-archive', items: await readDockerArchive(files) }
  if (files.has('repositories')) return { format: 'docker-archive', items: await readLegacyArchive(files) }
  throw new FormatError('no image archive: it has neither oci-layout with index.json nor manifest.json nor repositories')
}
