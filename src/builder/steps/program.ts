// Executables with all that they need to start, at their own paths: interpreter, shared libraries, and the links that lead there.
import { StrataError } from '../../core/index.js'
import { hostContent, unreadable } from '../host-file.js'
import type { LayerDraft } from '../layer-draft.js'
import { type ProgramFile, programFiles } from '../program/index.js'

/** Adds the executables at these absolute host paths. @throws what `programFiles` throws
 *  @throws StrataError `ERR_PROGRAM_CONFLICT` where the image has something else in the place of a link or directory of the host */
export async function addPrograms(draft: LayerDraft, hostPaths: readonly string[]): Promise<void> {
  for (const file of await programFiles(hostPaths)) {
    try {
      await add(draft, file)
    } catch (error) {
      throw unreadable('program', file.path, error)
    }
  }
}

async function add(draft: LayerDraft, file: ProgramFile): Promise<void> {
  const { path } = file
  const there = await draft.find(path)
  switch (file.kind) {
    case 'directory':
      // Parents are made as they are needed; a link to a directory will do as well.
      if (there !== undefined && there.type !== 'directory' && there.type !== 'symlink') throw conflict(path, 'a directory', there.type)
      return
    case 'symlink':
      if (there?.type === 'symlink' && there.target === file.target) return
      if (there?.type === 'directory') throw conflict(path, `a link to ${file.target}`, 'directory')
      return draft.add({ type: 'symlink', path, mode: 0o777, uid: 0, gid: 0, target: file.target })
    case 'file': {
      if (draft.has(path)) return
      const { mode, size, source } = file
      return draft.add({ type: 'file', path, mode, uid: 0, gid: 0, size, content: () => hostContent(source) })
    }
  }
}

const conflict = (path: string, host: string, image: string): StrataError =>
  new StrataError(`program: ${path} is ${host} on this host, and a ${image} in the image`, {
    code: 'ERR_PROGRAM_CONFLICT',
    remedy: "build on 'scratch', or take the program from the image's own system",
  })
