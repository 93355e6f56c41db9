import { describe, expect, it } from 'vitest'
import { directoryOf, parseCgroupMemberships, parseCgroupMounts } from '../../../src/sandbox/linux/cgroup/mounts.js'
import { mountLine } from './tree.js'

describe('parseCgroupMounts', () => {
  it('reads version, controllers, root and escaped mount points, with and without optional fields', () => {
    const text =
      mountLine(32, '/', '/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct') +
      mountLine(33, '/docker/id', '/sys/fs/cgroup/memory', 'cgroup', 'rw,memory,clone_children') +
      mountLine(34, '/', '/sys/fs/cgroup/systemd', 'cgroup', 'rw,xattr,release_agent=/usr/lib/x,name=systemd') +
      '41 31 0:38 / /mnt/with\\040space rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n' +
      mountLine(50, '/', '/proc', 'tmpfs') +
      'nonsense\n'
    expect(parseCgroupMounts(text)).toEqual([
      { version: 1, controllers: ['cpu', 'cpuacct'], root: '/', mountPoint: '/sys/fs/cgroup/cpu,cpuacct' },
      { version: 1, controllers: ['memory'], root: '/docker/id', mountPoint: '/sys/fs/cgroup/memory' },
      { version: 1, controllers: ['name=systemd'], root: '/', mountPoint: '/sys/fs/cgroup/systemd' },
      { version: 2, controllers: [], root: '/', mountPoint: '/mnt/with space' },
    ])
  })
  it('drops a mount that a later one at the same place hides', () => {
    const text = mountLine(1, '/', '/sys/fs/cgroup', 'cgroup2') + mountLine(2, '/', '/sys/fs/cgroup', 'tmpfs')
    expect(parseCgroupMounts(text)).toEqual([])
  })
})

describe('parseCgroupMemberships', () => {
  it('reads v1, named and v2 lines, and paths with colons', () => {
    expect(parseCgroupMemberships('9:name=systemd:/a\n2:cpu,cpuacct:/x:y\n0::/user.slice/é\nbad\n')).toEqual([
      { version: 1, controllers: ['name=systemd'], path: '/a' },
      { version: 1, controllers: ['cpu', 'cpuacct'], path: '/x:y' },
      { version: 2, controllers: [], path: '/user.slice/é' },
    ])
  })
})

describe('directoryOf', () => {
  const at = (path: string, root: string) => directoryOf(path, { version: 2, controllers: [], root, mountPoint: '/cg' })
  it.each([
    ['/', '/', '/cg'],
    ['/a/b', '/', '/cg/a/b'],
    ['/docker/id', '/docker/id', '/cg'],
    ['/docker/id/sub', '/docker/id', '/cg/sub'],
    ['/docker/id-other', '/docker/id', undefined],
    ['/', '/docker/id', undefined],
    ['/a', '/..', undefined],
    ['/', '/../..', undefined],
    ['/../sibling', '/', undefined],
  ])('finds group %s of a mount that shows %s', (path, root, directory) => {
    expect(at(path, root)).toBe(directory)
  })
})
