// The emitter of a sandbox's events: node:events with listeners that cannot disturb each other.
import { describe, expect, it } from 'vitest'
import { Events } from '../../src/sandbox/events.js'

describe('events of a sandbox', () => {
  it('reach every listener in the order they came', () => {
    const events = new Events()
    const heard: string[] = []
    events.on('limit', ({ limit }) => heard.push(`a ${limit}`))
    events.on('limit', ({ limit, value, max }) => heard.push(`b ${limit} ${value} ${max}`))
    events.emit('limit', { limit: 'pidsMax', value: 5, max: 5 })
    expect(heard).toEqual(['a pidsMax', 'b pidsMax 5 5'])
  })

  it('reach a listener of once() one time, and none that was taken off', () => {
    const events = new Events()
    const heard: string[] = []
    const listener = ({ what }: { what: string }) => heard.push(`on ${what}`)
    events.once('denied', ({ what }) => heard.push(`once ${what}`))
    events.on('denied', listener)
    events.emit('denied', { kind: 'syscall', what: 'ptrace', count: 1 })
    events.off('denied', listener)
    events.emit('denied', { kind: 'syscall', what: 'bpf', count: 1 })
    expect(heard).toEqual(['once ptrace', 'on ptrace'])
    expect(events.hears('denied')).toBe(false)
  })

  it('go on to the next listener when one throws, and the error becomes an uncaught exception', async () => {
    const events = new Events()
    const heard: string[] = []
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve))
    try {
      events.on('exit', () => {
        throw new RangeError('mine')
      })
      events.on('exit', ({ reason }) => heard.push(reason))
      events.emit('exit', { reason: 'over' })
      expect(heard).toEqual(['over'])
      expect(await uncaught).toMatchObject({ name: 'RangeError', message: 'mine' })
    } finally {
      for (const listener of before) process.on('uncaughtException', listener)
    }
  })
})
