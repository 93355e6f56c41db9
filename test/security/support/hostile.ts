// Root file systems made to harm: a static busybox, and whatever else a test puts there. Beside them a place of the host that must stay as it is.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, type TestContext } from 'vitest'
import { requires } from '../../support/requires.js'

/** What a test works on. */
export interface Hostile {
  /** The root file system: ./bin/busybox, /bin/sh and empty /proc /dev /tmp /etc. */
  readonly root: string
  /** A directory of the host that links lead to. It holds one file, `file`. */
  readonly canary: string
  /** What there is of it that was not at first; empty when nobody was there. */
  touched(): string[]
}

const CONTENT = 'host'

/** Makes one; it goes with the test. */
export function hostile(ctx: TestContext): Hostile {
  requires(ctx, 'busybox')
  const work = mkdtempSync(join(tmpdir(), 'stratabox-hostile-'))
  onTestFinished(() => rmSync(work, { recursive: true, force: true }))
  const root = join(work, 'root')
  const canary = join(work, 'canary')
  for (const path of [canary, ...['bin', 'proc', 'dev', 'tmp', 'etc'].map((name) => join(root, name))]) mkdirSync(path, { recursive: true })
  writeFileSync(join(canary, 'file'), CONTENT)
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)) as string
  for (const name of ['busybox', 'sh', 'cat', 'ls', 'stat', 'id', 'mkdir', 'readlink', 'sleep'])
    copyFileSync(busybox, join(root, 'bin', name))
  const touched = () =>
    (readdirSync(canary, { recursive: true }) as string[]).filter(
      (name) => name !== 'file' || readFileSync(join(canary, name), 'utf8') !== CONTENT,
    )
  return { root, canary, touched }
}

/** Replaces a directory of the root by something else. */
export function replace(root: string, name: string, make: (path: string) => void): void {
  rmSync(join(root, name), { recursive: true, force: true })
  make(join(root, name))
}
