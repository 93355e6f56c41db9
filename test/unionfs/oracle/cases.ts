// Sequences that were once wrong, or easy to get wrong. Each ends in the result that Linux gives; where a kernel is at hand, it is asked again.
import { ERRNO, type ErrnoName } from '../../../src/core/index.js'
import type { ModelEntry, Op, Result, Sequence } from './model.js'

const described = { mode: 0o644, uid: 0, gid: 0, mtimeNs: '1000000000', xattrs: {} } as const
const file = (path: string, size = 5, mode = 0o644): ModelEntry => ({ ...described, mode, type: 'file', path, content: [1, size] })
const directory = (path: string, mode = 0o755): ModelEntry => ({ ...described, mode, type: 'directory', path })
const symlink = (path: string, target: string): ModelEntry => ({ ...described, mode: 0o777, type: 'symlink', path, target })

const root = directory('/')
const base: readonly ModelEntry[] = [
  root,
  directory('/d'),
  file('/d/f'),
  directory('/e'),
  file('/f'),
  symlink('/to-d', 'd'),
  symlink('/to-f', '/f'),
  symlink('/to-none', 'none'),
  symlink('/loop', 'loop'),
  { ...described, type: 'fifo', path: '/p' },
]
const chain: readonly ModelEntry[] = [root, file('/l0'), ...Array.from({ length: 41 }, (_, i) => symlink(`/l${i + 1}`, `l${i}`))]
const other = { uid: 1000, gid: 1000, groups: [4_000_000_000] }

const long = (length: number) => 'n'.repeat(length)
const deep = (bytes: number) => `${'/'.repeat(bytes - 1)}f`
const [CREATE, EXCLUSIVE, TRUNCATE, DIRECTORY, NOFOLLOW] = [0o100, 0o200, 0o1000, 0o200000, 0o400000] as const

const done = { value: null }
const fails = (code: ErrnoName): Result => ({ errno: ERRNO[code] })

/** What it shows, the calls, the last call's result; layers and caller where they are not the usual. */
export const CASES: readonly (readonly [title: string, ops: readonly Op[], result: Result, more?: Partial<Sequence>])[] = [
  // Names and paths.
  ['a name may have 255 bytes', [['mkdir', `/${long(255)}`, 0o755]], done],
  ['a name may not have 256 bytes', [['mkdir', `/${long(256)}`, 0o755]], fails('ENAMETOOLONG')],
  ['bytes count, not characters', [['mkdir', `/${'é'.repeat(128)}`, 0o755]], fails('ENAMETOOLONG')],
  ['a path may have 4095 bytes', [['truncate', deep(4095), 0]], done],
  ['a path may not have 4096 bytes', [['truncate', deep(4096), 0]], fails('ENAMETOOLONG')],
  ['a target may have 4095 bytes', [['symlink', long(4095), '/new']], done],
  ['a target may not have 4096 bytes', [['symlink', long(4096), '/new']], fails('ENAMETOOLONG')],
  ['an empty path is nothing', [['rmdir', '']], fails('ENOENT')],
  ['an empty target is nothing', [['symlink', '', '/new']], fails('ENOENT')],
  ['a long name below a file is not looked at', [['rmdir', `/f/${long(256)}`]], fails('ENOTDIR')],
  ['40 links are followed', [['truncate', '/l40', 0]], done, { layers: [chain] }],
  ['41 links are not', [['truncate', '/l41', 0]], fails('ELOOP'), { layers: [chain] }],
  ['a link to itself is endless', [['readFile', '/loop']], fails('ELOOP')],
  ['.. of the root is the root', [['truncate', '/../../d/../f', 0]], done],
  ['.. leads up from where a link led', [['rmdir', '/to-d/../e']], done],
  ['. behind a file is an error', [['chmod', '/f/.', 0o600]], fails('ENOTDIR')],
  ['a slash behind a file is an error', [['chmod', '/f/', 0o600]], fails('ENOTDIR')],
  ['a slash behind a link to a file is an error', [['readlink', '/to-f/']], fails('ENOTDIR')],
  ['a slash behind a link follows it', [['readlink', '/to-d/']], fails('EINVAL')],
  // mkdir, rmdir, unlink.
  ['mkdir over a dangling link is no way to make its target', [['mkdir', '/to-none/', 0o755]], fails('EEXIST')],
  ['mkdir of the root', [['mkdir', '/', 0o755]], fails('EEXIST')],
  ['mkdir of . in a new name', [['mkdir', '/new/.', 0o755]], fails('ENOENT')],
  ['rmdir of the root', [['rmdir', '/']], fails('EBUSY')],
  ['rmdir of .', [['rmdir', '/e/.']], fails('EINVAL')],
  ['rmdir of ..', [['rmdir', '/e/..']], fails('ENOTEMPTY')],
  ['rmdir of a full directory', [['rmdir', '/d']], fails('ENOTEMPTY')],
  [
    'rmdir of a directory of whiteouts',
    [
      ['unlink', '/d/f'],
      ['rmdir', '/d'],
    ],
    done,
  ],
  ['rmdir of a link to a directory', [['rmdir', '/to-d/']], fails('ENOTDIR')],
  ['unlink of a directory', [['unlink', '/e']], fails('EISDIR')],
  ['unlink of a directory with a slash', [['unlink', '/e/']], fails('EISDIR')],
  ['unlink of a file with a slash', [['unlink', '/f/']], fails('ENOTDIR')],
  ['unlink of .', [['unlink', '/e/.']], fails('EISDIR')],
  [
    'a directory made anew is empty',
    [
      ['unlink', '/d/f'],
      ['rmdir', '/d'],
      ['mkdir', '/d', 0o755],
      ['readdir', '/d'],
    ],
    { value: [] },
  ],
  [
    'a new directory has the setgid bit and group of its parent',
    [
      ['chown', '/e', 0, 1000],
      ['chmod', '/e', 0o2755],
      ['mkdir', '/e/s', 0o755],
      ['rmdir', '/e/s'],
    ],
    done,
  ],
  // rename.
  ['rename looks at both parents before a long name', [['rename', `/${long(256)}`, '/none/x']], fails('ENOENT')],
  ['rename of a long name', [['rename', `/${long(256)}`, '/x']], fails('ENAMETOOLONG')],
  ['rename of the root', [['rename', '/', '/x']], fails('EBUSY')],
  ['rename to ..', [['rename', '/e', '/d/..']], fails('EBUSY')],
  ['rename of a directory into itself', [['rename', '/d', '/d/x']], fails('EINVAL')],
  ['rename over a directory above', [['rename', '/d/f', '/d']], fails('ENOTEMPTY')],
  ['rename over a full directory', [['rename', '/e', '/d']], fails('ENOTEMPTY')],
  ['rename over an empty directory', [['rename', '/d', '/e']], done],
  ['rename of a directory over a file', [['rename', '/d', '/f']], fails('ENOTDIR')],
  ['rename of a file over a directory', [['rename', '/f', '/e']], fails('EISDIR')],
  ['rename of a file to a name with a slash', [['rename', '/f', '/x/']], fails('ENOTDIR')],
  ['rename of a directory to a name with a slash', [['rename', '/d', '/x/']], done],
  [
    'rename of a file onto its other name changes nothing',
    [
      ['link', '/f', '/g'],
      ['rename', '/f', '/g'],
      ['unlink', '/f'],
    ],
    done,
  ],
  [
    'a lower directory keeps its files when it moves',
    [
      ['rename', '/d', '/x'],
      ['readdir', '/x'],
    ],
    { value: ['f'] },
  ],
  // link, symlink.
  ['link of a directory', [['link', '/d', '/x']], fails('EPERM')],
  ['link of a directory onto something', [['link', '/d', '/f']], fails('EEXIST')],
  [
    'link does not follow',
    [
      ['link', '/to-f', '/x'],
      ['readlink', '/x'],
    ],
    { value: '/f' },
  ],
  ['link to a new name with a slash', [['link', '/f', '/x/']], fails('ENOENT')],
  ['symlink to a new name with a slash', [['symlink', 'f', '/x/']], fails('ENOENT')],
  // open.
  ['open makes no name with a slash, however long', [['open', '1', `/${long(256)}/`, CREATE, 0o644]], fails('EISDIR')],
  ['open with O_CREAT and a slash behind a link', [['open', '1', '/to-none/', CREATE, 0o644]], fails('EISDIR')],
  [
    'open makes the target of a dangling link',
    [
      ['open', '1', '/to-none', CREATE, 0o644],
      ['chmod', '/none', 0o600],
    ],
    done,
  ],
  ['open with O_EXCL does not', [['open', '1', '/to-none', CREATE | EXCLUSIVE, 0o644]], fails('EEXIST')],
  ['open with O_CREAT of a directory', [['open', '1', '/d', CREATE, 0o644]], fails('EISDIR')],
  ['open with O_EXCL of a directory', [['open', '1', '/d', CREATE | EXCLUSIVE, 0o644]], fails('EEXIST')],
  ['open with O_CREAT and O_DIRECTORY', [['open', '1', '/d', CREATE | DIRECTORY, 0o644]], fails('EINVAL')],
  ['open with O_DIRECTORY of a file', [['open', '1', '/f', DIRECTORY, 0]], fails('ENOTDIR')],
  ['open with O_NOFOLLOW of a link', [['open', '1', '/to-f', NOFOLLOW, 0]], fails('ELOOP')],
  ['open with O_NOFOLLOW through a link', [['open', '1', '/to-d/f', NOFOLLOW, 0]], done],
  ['open for writing of a directory', [['open', '1', '/d', 1, 0]], fails('EISDIR')],
  [
    'reading an open directory',
    [
      ['open', '1', '/d', 0, 0],
      ['readNext', '1', 1],
    ],
    fails('EISDIR'),
  ],
  ['a FIFO has nobody at the other end', [['open', '1', '/p', 0, 0]], fails('ENXIO')],
  [
    'O_TRUNC cuts also when only reading',
    [
      ['open', '1', '/f', TRUNCATE, 0],
      ['readNext', '1', 9],
    ],
    { value: '' },
  ],
  [
    'an unlinked file can be written and read',
    [
      ['open', '1', '/f', 2, 0],
      ['unlink', '/f'],
      ['write', '1', [0, 2], 5],
      ['read', '1', 9, 4],
    ],
    { value: '1d0007' },
  ],
  // Sizes.
  ['truncate of a directory', [['truncate', '/d', 0]], fails('EISDIR')],
  ['truncate of a FIFO', [['truncate', '/p', 0]], fails('EINVAL')],
  ['truncate below nothing, before the path is looked at', [['truncate', '/none', -1]], fails('EINVAL')],
  [
    'a cut and extended file has zeros',
    [
      ['truncate', '/f', 1],
      ['truncate', '/f', 3],
      ['readFile', '/f'],
    ],
    { value: '010000' },
  ],
  [
    'truncate to the same size notes the time',
    [
      ['truncate', '/f', 5],
      ['lstat', '/f'],
    ],
    { value: { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 'now', nlink: 1, size: 5 } },
  ],
  // Attributes.
  [
    'chown takes setuid away',
    [
      ['chown', '/f', 1, -1],
      ['lstat', '/f'],
    ],
    { value: { type: 'file', mode: 0o755, uid: 1, gid: 0, mtime: '1000000000', nlink: 1, size: 5 } },
    { layers: [[root, file('/f', 5, 0o6755)]] },
  ],
  [
    'chown leaves setgid without group execute',
    [
      ['chown', '/f', 1, -1],
      ['lstat', '/f'],
    ],
    { value: { type: 'file', mode: 0o2745, uid: 1, gid: 0, mtime: '1000000000', nlink: 1, size: 5 } },
    { layers: [[root, file('/f', 5, 0o6745)]] },
  ],
  [
    'chown of a directory leaves both',
    [
      ['chown', '/s', 1, -1],
      ['lstat', '/s'],
    ],
    { value: { type: 'directory', mode: 0o6755, uid: 1, gid: 0, mtime: '1000000000' } },
    { layers: [[root, directory('/s', 0o6755)]] },
  ],
  // Extended attributes.
  ['a namespace alone is no name', [['setxattr', '/f', 'user.', '', 0, true]], fails('EINVAL')],
  ['a namespace alone on a FIFO is nothing', [['getxattr', '/p', 'user.', true]], fails('ENODATA')],
  ['user attributes on a FIFO', [['setxattr', '/p', 'user.x', '', 0, true]], fails('EPERM')],
  ['user attributes on a link', [['setxattr', '/to-f', 'user.x', '', 0, false]], fails('EPERM')],
  ['trusted attributes on a link', [['setxattr', '/to-f', 'trusted.x', '', 0, false]], done],
  ['an unknown namespace', [['setxattr', '/f', 'other.x', '', 0, true]], fails('EOPNOTSUPP')],
  ['a name of 255 bytes', [['setxattr', '/f', `user.${long(250)}`, '', 0, true]], done],
  ['a name of 256 bytes, before the path is looked at', [['setxattr', '/none', `user.${long(251)}`, '', 0, true]], fails('ERANGE')],
  [
    'creating what is there',
    [
      ['setxattr', '/f', 'user.x', '', 0, true],
      ['setxattr', '/f', 'user.x', '', 1, true],
    ],
    fails('EEXIST'),
  ],
  ['replacing what is not there', [['setxattr', '/f', 'user.x', '', 2, true]], fails('ENODATA')],
  ['removing what is not there', [['removexattr', '/f', 'user.x', true]], fails('ENODATA')],
  // Permissions, for another user.
  ['a file of others is not written', [['truncate', '/f', 0]], fails('EACCES'), { user: other }],
  ['a directory of others takes no names', [['mkdir', '/e/x', 0o755]], fails('EACCES'), { user: other }],
  [
    'a directory without x is not walked',
    [['chmod', '/s/f', 0o644]],
    fails('EACCES'),
    { user: other, layers: [[root, directory('/s', 0o644), file('/s/f')]] },
  ],
  ['a directory without r is not listed', [['readdir', '/s']], fails('EACCES'), { user: other, layers: [[root, directory('/s', 0o711)]] }],
  [
    'a sticky directory keeps the files of others',
    [['unlink', '/s/f']],
    fails('EPERM'),
    { user: other, layers: [[root, directory('/s', 0o1777), file('/s/f')]] },
  ],
  [
    'a sticky directory of others takes no attribute',
    [['setxattr', '/s', 'user.x', '', 0, true]],
    fails('EPERM'),
    { user: other, layers: [[root, directory('/s', 0o1777)]] },
  ],
  ['chmod is for the owner', [['chmod', '/f', 0o777]], fails('EPERM'), { user: other }],
  [
    'chown is for root, also when it only takes setuid away',
    [['chown', '/f', -1, -1]],
    fails('EPERM'),
    { user: other, layers: [[root, file('/f', 5, 0o4755)]] },
  ],
  [
    'a link to a file that one cannot write is refused before its directory is looked at',
    [['link', '/d/f', '/d/x']],
    fails('EPERM'),
    { user: other },
  ],
  ['trusted attributes do not exist for others', [['getxattr', '/f', 'trusted.x', true]], fails('ENODATA'), { user: other }],
  [
    'a new group takes setgid from who is outside the old one',
    [
      ['chown', '/s/f', -1, 4_000_000_000],
      ['lstat', '/s/f'],
    ],
    { value: { type: 'file', mode: 0o644, uid: 1000, gid: 4_000_000_000, mtime: '1000000000', nlink: 1, size: 5 } },
    {
      user: other,
      layers: [[root, directory('/s'), { ...described, type: 'file', path: '/s/f', mode: 0o2644, uid: 1000, content: [1, 5] }]],
    },
  ],
  [
    'writing takes setuid away',
    [
      ['appendFile', '/s/f', [0, 1]],
      ['chmod', '/s/f', 0o644],
    ],
    fails('EPERM'),
    { user: other, layers: [[root, directory('/s', 0o777), file('/s/f', 5, 0o4777)]] },
  ],
]

/** A case as a sequence. */
export const sequenceOf = ([, ops, , more]: (typeof CASES)[number]): Sequence => ({ layers: [base], ops, ...more })
