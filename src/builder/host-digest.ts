// What a file or tree of the host is, as one digest: everything that a command it is mounted for can see, but times.
import { createHash } from 'node:crypto'
import { lstat, readdir, readlink, realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { hostXattrs } from '../content/index.js'
import { comparePaths, decodePath } from '../core/index.js'
import { hostContent, hostPath, unreadable } from './host-file.js'

/** Digest (64 hexadecimal digits) of names, types, modes, owners, attributes, contents and link targets. A link at the top is followed; the order of a directory
 *  makes no difference.
 *  @throws StrataError with the errno as its code, for what cannot be read */
export async function digestOfHostTree(path: string, signal: AbortSignal | undefined): Promise<string> {
  const root = await topOf(resolve(path))
  const hash = createHash('sha256')
  const queue = ['']
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    signal?.throwIfAborted()
    const at = `${root}${next}`
    try {
      const found = await lstat(hostPath(at))
      const attributes = Object.entries(hostXattrs(hostPath(at))).map(([name, value]) => [name, Buffer.from(value).toString('hex')])
      const described = [next, found.mode, found.uid, found.gid, attributes.sort()]
      if (found.isSymbolicLink()) {
        hash.update(JSON.stringify([...described, decodePath(await readlink(hostPath(at), { encoding: 'buffer' }))]))
      } else if (found.isFile()) {
        hash.update(JSON.stringify([...described, found.size, await digestOfFile(at, signal)]))
      } else {
        hash.update(JSON.stringify([...described, found.rdev]))
        if (!found.isDirectory()) continue
        const names = (await readdir(hostPath(at), { encoding: 'buffer' })).map((name) => decodePath(name)).sort(comparePaths)
        queue.push(...names.reverse().map((name) => `${next}/${name}`))
      }
    } catch (error) {
      throw unreadable('run: mount', at, error)
    }
  }
  return hash.digest('hex')
}

async function topOf(path: string): Promise<string> {
  try {
    return decodePath(await realpath(hostPath(path), { encoding: 'buffer' }))
  } catch (error) {
    throw unreadable('run: mount', path, error)
  }
}

async function digestOfFile(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of hostContent(path)) {
    signal?.throwIfAborted()
    hash.update(chunk)
  }
  return hash.digest('hex')
}
