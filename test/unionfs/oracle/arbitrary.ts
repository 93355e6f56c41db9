// Random layers and calls, made so that they often meet: few names, shallow trees, and every odd spelling of a path now and then.
import fc from 'fast-check'
import type { Bytes, ModelEntry, Op, Sequence } from './model.js'

const NAMES = ['a', 'b', 'c', 'd']
const CHUNK = 65_536

const name = fc.constantFrom(...NAMES)
const plainPath = fc
  .oneof(
    { weight: 2, arbitrary: fc.tuple(name) },
    { weight: 3, arbitrary: fc.tuple(name, name) },
    { weight: 1, arbitrary: fc.tuple(name, name, name) },
  )
  .map((parts) => `/${parts.join('/')}`)
const oddPart = fc.constantFrom('.', '..', '', 'x'.repeat(255), 'x'.repeat(256), 'é')
const oddPath = fc
  .tuple(
    fc.array(fc.oneof({ weight: 4, arbitrary: name }, { weight: 1, arbitrary: oddPart }), { maxLength: 4 }),
    fc.constantFrom('', '/', '//'),
  )
  .map(([parts, end]) => `/${parts.join('/')}${end}`)
const endless = fc.constantFrom('', '/', '.', '..', '/.', '/..', `/${'a/'.repeat(2047)}`, `/${'a/'.repeat(2048)}`)
const picked = fc.nat(99).map((number) => `?${number}`)
const unusual = fc.oneof(
  { weight: 3, arbitrary: oddPath },
  { weight: 1, arbitrary: endless },
  { weight: 1, arbitrary: picked.map((pick) => `${pick}/`) },
)
/** A path that is there, when the call is made (see concrete() in view.ts). */
const old = fc.oneof({ weight: 8, arbitrary: picked }, { weight: 3, arbitrary: plainPath }, { weight: 1, arbitrary: unusual })
/** The same, and mostly a regular file. */
const file = fc.oneof({ weight: 4, arbitrary: fc.nat(99).map((number) => `?f${number}`) }, { weight: 1, arbitrary: old })
/** A path that often is not. */
const fresh = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(picked, name).map((parts) => parts.join('/')) },
  { weight: 4, arbitrary: plainPath },
  { weight: 1, arbitrary: unusual },
)
const path = fc.oneof(old, fresh)
const target = fc.oneof(
  { weight: 4, arbitrary: plainPath },
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...NAMES, '..'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')) },
  { weight: 1, arbitrary: fc.constantFrom('/', '.', '..', 'a/', '/b//', 'missing', '../../..', 'y'.repeat(300)) },
)
const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 9) },
)
const bytes: fc.Arbitrary<Bytes> = fc.tuple(fc.integer({ min: 0, max: 250 }), size)
const mode = fc.constantFrom(0o644, 0o755, 0o600, 0o4755, 0o2755, 0o2644, 0o6777, 0o1777, 0)
const id = fc.constantFrom(0, 1000, 4_000_000_000)
const mtimeNs = fc.constantFrom('0', '1000000000', '1600000000123456789', '-5000000001')
const xattrValue = fc.constantFrom('', '00ff', '6162')
const described = fc.record({
  mode,
  uid: id,
  gid: id,
  mtimeNs,
  xattrs: fc.dictionary(fc.constantFrom('user.x', 'trusted.y'), xattrValue, { maxKeys: 1 }),
})
const noUserXattr = described.map((d) => ({ ...d, xattrs: 'trusted.y' in d.xattrs ? { 'trusted.y': d.xattrs['trusted.y']! } : {} }))

const entry: fc.Arbitrary<ModelEntry> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(plainPath, described, bytes).map(([path, d, content]) => ({ ...d, type: 'file' as const, path, content })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(plainPath, described, fc.boolean())
      .map(([path, d, opaque]) => ({ ...d, type: 'directory' as const, path, opaque })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(plainPath, noUserXattr, target)
      .map(([path, d, to]) => ({ ...d, mode: 0o777, type: 'symlink' as const, path, target: to })),
  },
  { weight: 2, arbitrary: fc.tuple(plainPath, plainPath).map(([path, to]) => ({ type: 'hardlink' as const, path, target: to })) },
  { weight: 2, arbitrary: plainPath.map((path) => ({ type: 'whiteout' as const, path })) },
  { weight: 1, arbitrary: fc.tuple(plainPath, noUserXattr).map(([path, d]) => ({ ...d, type: 'fifo' as const, path })) },
  {
    weight: 1,
    arbitrary: fc.tuple(plainPath, noUserXattr).map(([path, d]) => ({ ...d, type: 'char' as const, path, major: 1, minor: 3 })),
  },
)

const PARENT = { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtimeNs: '1500000000000000000', xattrs: {} } as const

/** A layer that a tar could hold: one entry a path, parents described and before their children, hard links to what is there. */
export function wellFormed(entries: readonly ModelEntry[]): ModelEntry[] {
  const layer = new Map<string, ModelEntry>([['/', { ...PARENT, path: '/' }]])
  for (const entry of entries) {
    const parts = entry.path.split('/').slice(1)
    const parents = parts.slice(0, -1).map((_, i) => `/${parts.slice(0, i + 1).join('/')}`)
    const fits = parents.every((path) => (layer.get(path)?.type ?? 'directory') === 'directory')
    if (!fits || layer.has(entry.path)) continue
    const linked = entry.type === 'hardlink' ? layer.get(entry.target)?.type : 'file'
    if (linked === undefined || linked === 'directory' || linked === 'whiteout' || linked === 'hardlink') continue
    for (const path of parents) if (!layer.has(path)) layer.set(path, { ...PARENT, path })
    layer.set(entry.path, entry)
  }
  return [...layer.values()]
}

/** Drops whiteouts that hide nothing: overlayfs shows such a one where its directory is in one layer only, and no tool makes them. */
export function withoutIdleWhiteouts(layers: readonly ModelEntry[][]): ModelEntry[][] {
  let below = new Map<string, string>()
  return layers.map((entries) => {
    const opaque = entries.filter((entry) => entry.type === 'directory' && entry.opaque === true).map(({ path }) => path)
    const kept = entries.filter(
      (entry) => entry.type !== 'whiteout' || (below.has(entry.path) && !opaque.some((path) => isBelow(entry.path, path))),
    )
    const merged = new Map(below)
    const hide = (top: string, self: boolean) => {
      for (const path of below.keys()) if (isBelow(path, top) || (self && path === top)) merged.delete(path)
    }
    for (const entry of kept)
      if (entry.type !== 'directory' || entry.opaque === true || below.get(entry.path) !== 'directory') hide(entry.path, true)
    for (const entry of kept) if (entry.type !== 'whiteout') merged.set(entry.path, entry.type)
    below = merged
    return kept
  })
}

const isBelow = (path: string, top: string): boolean => path.startsWith(top === '/' ? '/' : `${top}/`) && path !== top

const slot = fc.constantFrom('1', '1', '1', '2')
const length = fc.oneof({ weight: 5, arbitrary: size }, { weight: 1, arbitrary: fc.constantFrom(-1, 2 ** 20) })
// O_RDONLY … O_RDWR, with any of O_CREAT O_EXCL O_TRUNC O_APPEND O_DIRECTORY O_NOFOLLOW.
const flags = fc
  .tuple(fc.constantFrom(0, 1, 2, 2), fc.subarray([0o100, 0o200, 0o1000, 0o2000, 0o200000, 0o400000], { maxLength: 3 }))
  .map(([access, bits]) => access | bits.reduce((sum, bit) => sum | bit, 0))
const xattrName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('user.x', 'trusted.y', 'security.z') },
  { weight: 1, arbitrary: fc.constantFrom('other.x', 'x', `user.${'n'.repeat(250)}`, `user.${'n'.repeat(251)}`, 'user.', 'system.other') },
)

const call = (name: string, ...args: fc.Arbitrary<Op[number]>[]): fc.Arbitrary<Op> =>
  fc.tuple(fc.constant(name), ...args) as fc.Arbitrary<Op>
const often = (weight: number, arbitrary: fc.Arbitrary<Op>) => ({ weight, arbitrary })

const op: fc.Arbitrary<Op> = fc.oneof(
  often(5, call('mkdir', fresh, mode)),
  often(4, call('rmdir', old)),
  often(3, call('unlink', old)),
  often(2, call('unlink', file)),
  often(6, call('rename', old, fresh)),
  often(2, call('rename', file, file)),
  often(6, call('rename', old, old)),
  often(5, call('link', file, fresh)),
  often(4, call('symlink', target, fresh)),
  often(1, call('symlink', fc.constantFrom('', 'z'.repeat(4095), 'z'.repeat(4096)), fresh)),
  often(1, call('mkfifo', fresh, mode)),
  often(1, call('readlink', old)),
  often(2, call('stat', path)),
  often(1, call('lstat', path)),
  often(1, call('readdir', old)),
  often(2, call('readFile', file)),
  often(5, call('writeFile', path, bytes)),
  often(2, call('appendFile', file, bytes)),
  often(3, call('truncate', file, length)),
  often(2, call('chmod', old, mode)),
  often(2, call('chown', old, fc.oneof(id, fc.constant(-1)), fc.oneof(id, fc.constant(-1)))),
  often(1, call('lchown', old, id, id)),
  often(2, call('utimes', old, mtimeNs)),
  often(1, call('lutimes', old, mtimeNs)),
  often(2, call('setxattr', old, xattrName, xattrValue, fc.constantFrom(0, 0, 1, 2), fc.boolean())),
  often(1, call('getxattr', old, xattrName, fc.boolean())),
  often(1, call('listxattr', old, fc.boolean())),
  often(1, call('removexattr', old, xattrName, fc.boolean())),
  often(2, call('open', slot, path, flags, mode)),
  often(7, call('open', slot, file, fc.constantFrom(0, 2, 2, 2), mode)),
  often(2, call('read', slot, size, size)),
  often(2, call('readNext', slot, size)),
  often(5, call('write', slot, bytes, size)),
  often(2, call('writeNext', slot, bytes)),
  often(2, call('ftruncate', slot, length)),
  often(1, call('fstat', slot)),
  often(1, call('close', slot)),
)

/** Up to three layers, and calls on their union. */
export const sequence: fc.Arbitrary<Sequence> = fc.record({
  layers: fc
    .array(fc.array(entry, { maxLength: 12, size: 'max' }).map(wellFormed), { minLength: 1, maxLength: 3, size: 'max' })
    .map(withoutIdleWhiteouts),
  ops: fc.array(op, { minLength: 1, maxLength: 30, size: 'max' }),
  user: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant({ uid: 1000, gid: 1000, groups: [4_000_000_000] }) },
  ),
})
