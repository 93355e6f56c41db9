import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../../src/core/index.js'
import { chooseIdMode, insideId, leaseCandidates, leaseIds, outsideId, parseIdMap, parseSubIds } from '../../../src/sandbox/linux/ids.js'

const HOST = '         0          0 4294967295\n'
const user = {
  uid: 1000,
  gid: 1000,
  userName: 'ann',
  uidMap: HOST,
  subuid: 'ann:100000:65536\n',
  subgid: 'ann:200000:65536\n',
  hasNewuidmap: true,
}
const first = 2 ** 30

describe('chooseIdMode', () => {
  it('gives root a leased range', () => {
    expect(chooseIdMode({ ...user, uid: 0, gid: 0 })).toEqual({ mode: 'range' })
  })
  it('gives a user with sub-ids a full map that begins with the user', () => {
    expect(chooseIdMode(user)).toEqual({
      mode: 'sub',
      uidMap: [
        { inside: 0, outside: 1000, length: 1 },
        { inside: 1, outside: 100000, length: 65535 },
      ],
      gidMap: [
        { inside: 0, outside: 1000, length: 1 },
        { inside: 1, outside: 200000, length: 65535 },
      ],
    })
  })
  it('joins several ranges, by name and by number', () => {
    const map = chooseIdMode({ ...user, subuid: '1000:100000:65534\nbob:300000:65536\nann:500000:9\n' })
    expect(map).toMatchObject({
      mode: 'sub',
      uidMap: [{ inside: 0 }, { inside: 1, length: 65534 }, { inside: 65535, outside: 500000, length: 1 }],
    })
  })
  it.each([
    ['no newuidmap', { hasNewuidmap: false }, /newuidmap/],
    ['no lines of its own', { subuid: 'bob:100000:65536\n' }, /subuid/],
    ['one id too few', { subuid: 'ann:100000:65534\n' }, /subuid/],
    ['no group ids', { subgid: '' }, /subuid/],
    ['a line that overflows', { subuid: 'ann:4294967290:65536\n' }, /subuid/],
  ])('falls back to the single id with %s, and says why', (_, change, why) => {
    expect(chooseIdMode({ ...user, ...change })).toMatchObject({
      mode: 'single',
      uidMap: [{ inside: 0, outside: 1000, length: 1 }],
      why: expect.stringMatching(why),
    })
  })
  it('takes exactly enough sub-ids', () => {
    expect(chooseIdMode({ ...user, subuid: 'ann:100000:65535\n' }).mode).toBe('sub')
  })
  it('gives root in a small user namespace the single id, and in a larger one a range', () => {
    expect(chooseIdMode({ ...user, uid: 0, gid: 0, uidMap: '0 100000 65536\n' })).toMatchObject({
      mode: 'single',
      uidMap: [{ inside: 0, outside: 0, length: 1 }],
    })
    expect(chooseIdMode({ ...user, uid: 0, gid: 0, uidMap: '0 100000 131071\n', subuid: '', subgid: '' }).mode).toBe('single')
    expect(chooseIdMode({ ...user, uid: 0, gid: 0, uidMap: '0 100000 131072\n', subuid: '', subgid: '' }).mode).toBe('range')
    expect(chooseIdMode({ ...user, uid: 0, gid: 0, gidMap: '0 100000 65536\n' }).mode).toBe('single')
  })
})

describe('leases', () => {
  const host = { uidMap: HOST, gidMap: HOST, subuid: '', subgid: '' }
  it('begins at 2^30 and ends before 2^31', () => {
    const all = [...leaseCandidates(host)]
    expect([all[0], all[1], all.at(-1), all.length]).toEqual([first, first + 65536, 2 ** 31 - 65536, 16384])
  })
  it('keeps off every range that /etc/subuid or /etc/subgid gives away, by one id too', () => {
    const next = (subuid: string, subgid = '') => leaseCandidates({ ...host, subuid, subgid }).next().value
    expect(next(`a:${first - 10}:10`)).toBe(first)
    expect(next(`a:${first - 10}:11`)).toBe(first + 65536)
    expect(next('', `a:${first + 65535}:1`)).toBe(first + 65536)
    expect(next(`a:${first}:${65536 * 3}`)).toBe(first + 65536 * 3)
  })
  it('gives each holder a range of its own until all are held', () => {
    const held = new Set<string>()
    const tryLock = (path: string) => (held.has(path) ? undefined : held.add(path) && path)
    const options = { ...host, subuid: `a:${first + 3 * 65536}:${2 ** 31}`, directory: '/run/ids', tryLock }
    const starts = [leaseIds(options), leaseIds({ ...options, after: 1 }), leaseIds({ ...options, after: 2 })].map((lease) => lease.start)
    expect(starts).toEqual([first, first + 2 * 65536, first + 65536])
    expect([...held][0]).toBe(`/run/ids/${first}`)
    expect(() => leaseIds(options)).toThrow(UnsupportedError)
    held.delete(`/run/ids/${first + 65536}`)
    expect(leaseIds(options)).toEqual({ start: first + 65536, length: 65536, index: 1, lock: `/run/ids/${first + 65536}` })
  })
})

describe('maps', () => {
  it('translates both ways, to the edges and not past them', () => {
    const map = parseIdMap('         0       1000          1\n         1     100000      65535\n')
    expect([0, 1, 65535, 65536].map((id) => outsideId(map, id))).toEqual([1000, 100000, 165534, undefined])
    expect([1000, 100000, 165534, 165535, 0].map((id) => insideId(map, id))).toEqual([0, 1, 65535, undefined, undefined])
  })
  it('passes over lines of /etc/subuid that are none', () => {
    expect(parseSubIds('#ann:1:1\nann:1\nann:x:1\nann:1:0\nann:5:6:7\n\nann:10:20\n7:30:40', 7, 'ann')).toEqual([
      { start: 10, length: 20 },
      { start: 30, length: 40 },
    ])
    expect(parseSubIds('undefined:10:20\n', 7, undefined)).toEqual([])
  })
})
