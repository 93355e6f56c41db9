// Sandboxes one after the other, and many at the same time, cost no descriptor, process, mount, control group or memory in the end. (A network namespace
// lives by its processes, descriptors and mounts: with none of them left there is none.)
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { blanksGone, descendants, eventually } from '../support/descendants.js'
import { groupsOf } from './support/groups.js'
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

describe('fifty sandboxes in turn', () => {
  it('leak nothing in the program, its supervisor and its file helper', async () => {
    const program = new Program('cycles.mjs', [], temporaryHome())
    const held = () => descendants(program.pid).map(({ pid, name }) => [name, fdsOf(pid)])
    program.say('3')
    const first = await program.tells()
    expect(await blanksGone(program.pid)).toBe(true)
    const before = held()
    expect(before.map(([name]) => name)).toEqual(['stratabox', 'stratabox-files'])
    program.say('50')
    const second = await program.tells()
    expect(await blanksGone(program.pid)).toBe(true)
    expect(Number(second['fds'])).toBeLessThanOrEqual(Number(first['fds']))
    expect(await eventually(() => JSON.stringify(held()) === JSON.stringify(before))).toBe(true)
    expect(groupsOf(program.pid)).toEqual([])
    program.kill('SIGTERM')
    await program.exit
  })
})

/** Of processes with other ids too. */
const residentPages = (pid: number): number => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
const mountsOf = (pid: number): number => {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n').length
  } catch (error) {
    if (['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0
    throw error
  }
}

describe('a thousand sandboxes, and two hundred at once', () => {
  it('leave the program, its supervisor and its file helper as they were after as many before', async () => {
    const program = new Program('cycles.mjs', [], temporaryHome())
    const held = () => descendants(program.pid).map(({ pid, name }) => ({ pid, name, fds: fdsOf(pid), mounts: mountsOf(pid) }))
    const round = async () => {
      program.say('200 200')
      await program.tells()
      program.say('1000 16')
      const told = await program.tells()
      expect(await blanksGone(program.pid)).toBe(true)
      return told
    }
    const first = await round()
    const before = held()
    const pages = before.map(({ pid }) => residentPages(pid))
    const second = await round()
    expect(await eventually(() => JSON.stringify(held()) === JSON.stringify(before))).toBe(true)
    expect(groupsOf(program.pid)).toEqual([])
    expect(second['mounts']).toBe(first['mounts'])
    expect(Number(second['fds'])).toBeLessThanOrEqual(Number(first['fds']))
    expect(Number(second['rssBytes'])).toBeLessThan(1.05 * Number(first['rssBytes']))
    // Five per cent of a supervisor's 900 KiB are a dozen pages, which an allocator's mood decides; a leak of 220 bytes a sandbox would pass this.
    for (const [k, { pid }] of before.entries()) expect(residentPages(pid)).toBeLessThanOrEqual((pages[k] as number) + 64)
    program.kill('SIGTERM')
    await program.exit
  })
})
