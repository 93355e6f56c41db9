// Fifty sandboxes one after the other cost no descriptor, process or control group in the end.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { descendants, eventually } from '../support/descendants.js'
import { Program, temporaryHome } from './support/program.js'

/** Descriptors of the supervisor and the file helper, where this user may look: processes that changed their ids show them to root alone. */
function fdsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch (error) {
    if (['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0
    throw error
  }
}

const groupsOf = (pid: number, folder = '/sys/fs/cgroup'): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      name.startsWith(`stratabox-${pid}-`) ? [`${folder}/${name}`] : depth(folder) < 4 ? groupsOf(pid, `${folder}/${name}`) : [],
    )

const depth = (folder: string) => folder.split('/').length - 3

describe('fifty sandboxes in turn', () => {
  it('leak nothing in the program, its supervisor and its file helper', async () => {
    const program = new Program('cycles.mjs', [], temporaryHome())
    const held = () => descendants(program.pid).map(({ pid, name }) => [name, fdsOf(pid)])
    program.say('3')
    const first = await program.tells()
    const before = held()
    expect(before.map(([name]) => name)).toEqual(['stratabox', 'stratabox-files'])
    program.say('50')
    const second = await program.tells()
    expect(Number(second['fds'])).toBeLessThanOrEqual(Number(first['fds']))
    expect(await eventually(() => JSON.stringify(held()) === JSON.stringify(before))).toBe(true)
    expect(groupsOf(program.pid)).toEqual([])
    program.kill('SIGTERM')
    await program.exit
  })
})
