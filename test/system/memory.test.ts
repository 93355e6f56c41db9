// What a store does with an image needs no more memory for 320 MiB than for a few: streams all the way.
import { describe, expect, it } from 'vitest'
import { requires } from '../support/requires.js'
import { Program, temporaryHome } from './support/program.js'

const LIMIT_BYTES = 64 * 2 ** 20
const WORK = ['build', 'verify', 'validate', 'unpack', 'squash', 'push', 'pull', 'commit']
const FORMATS = ['oci-layout', 'oci-archive', 'docker-archive']

describe('an image with a file of 320 MiB', () => {
  // Gigabytes pass, and the machine may have other work.
  it('is built, saved, loaded, verified, unpacked, squashed, pushed, pulled and committed within 64 MiB of memory', {
    timeout: 600_000,
  }, async (ctx) => {
    requires(ctx, 'linux', 'root')
    const home = temporaryHome()
    const program = new Program('memory.mjs', [home], home)
    const risen = await program.tells()
    expect(Object.keys(risen).sort()).toEqual([...WORK, ...FORMATS.flatMap((format) => [`save ${format}`, `load ${format}`])].sort())
    expect(Object.entries(risen).filter(([, bytes]) => Number(bytes) >= LIMIT_BYTES)).toEqual([])
    expect(await program.exit).toEqual({ code: 0, signal: null })
  })
})
