"""The kernel's side of the comparison: runs file operations on a real overlayfs, one sequence a line of JSON.

Input:  {"layers": [[entry, ...], ...], "ops": [[name, arg, ...], ...], "user": {"uid", "gid", "groups"} or absent}     (layers lowest first; entries as in src/layer/entry.ts)
Output: {"results": [{"value": ...} | {"errno": n}, ...], "before": [row, ...], "after": [row, ...]}
Everything is on a private tmpfs; the caller starts this under `unshare -m`, as root. Paths are resolved in a chroot of the merged tree.
"""
import contextlib, ctypes, errno, json, os, stat, sys, traceback

libc = ctypes.CDLL(None, use_errno=True)
REAL_ROOT = os.open('/', os.O_RDONLY)
HERE = os.path.abspath(sys.argv[1])
NOW_NS = 1_700_000_000 * 10**9  # whatever is later was set by the clock
TYPES = {stat.S_IFREG: 'file', stat.S_IFDIR: 'directory', stat.S_IFLNK: 'symlink', stat.S_IFCHR: 'char', stat.S_IFBLK: 'block', stat.S_IFIFO: 'fifo'}
KINDS = {name: bits for bits, name in TYPES.items()}


def mount(source, target, kind, options=''):
    if libc.mount(source.encode(), target.encode(), kind.encode(), 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), 'mount ' + target + ' ' + options)


def umount(target):
    if libc.umount2(target.encode(), 0) != 0:
        raise OSError(ctypes.get_errno(), 'umount ' + target)


def content(spec):
    """[seed, size]: bytes that differ by place and by seed; or hexadecimal text."""
    if isinstance(spec, str):
        return bytes.fromhex(spec)
    seed, size = spec
    unit = bytes((i * 7 + seed) % 251 for i in range(251))
    return (unit * (size // 251 + 1))[:size]


def build(top, entries):
    later = []
    for e in sorted(entries, key=lambda e: (e['type'] == 'hardlink', e['path'])):
        path, kind = top + e['path'], e['type']
        if kind == 'whiteout':
            os.mknod(path, stat.S_IFCHR, 0)
            continue
        if kind == 'hardlink':
            os.link(top + e['target'], path, follow_symlinks=False)
            continue
        if kind == 'file':
            with open(path, 'wb') as f:
                f.write(content(e['content']))
        elif kind == 'directory':
            os.makedirs(path, exist_ok=True)
            if e.get('opaque'):
                os.setxattr(path, 'trusted.overlay.opaque', b'y')
        elif kind == 'symlink':
            os.symlink(e['target'], path)
        else:
            os.mknod(path, KINDS[kind] | 0o600, os.makedev(e['major'], e['minor']) if 'major' in e else 0)
        os.lchown(path, e['uid'], e['gid'])
        if kind != 'symlink':
            os.chmod(path, e['mode'])
        for name, value in e['xattrs'].items():
            os.setxattr(path, name, bytes.fromhex(value), follow_symlinks=False)
        later.append((path, int(e['mtimeNs'])))
    for path, ns in reversed(later):
        os.utime(path, ns=(ns, ns), follow_symlinks=False)


def clock(ns):
    return 'now' if ns > NOW_NS else str(ns)


# Names that an upper layer hides still count in the kernel's st_nlink: {inode: how many}.
hidden = {}


def count_hidden(rows):
    hidden.clear()
    for path in {row['group'] for row in rows if 'group' in row}:
        st = os.lstat(path)
        hidden[st.st_ino] = st.st_nlink - sum(row.get('group') == path for row in rows)
    for row in rows:
        if 'group' in row:
            row['nlink'] -= hidden[os.lstat(row['path']).st_ino]


def describe(st):
    kind = TYPES[stat.S_IFMT(st.st_mode)]
    row = {'type': kind, 'mode': stat.S_IMODE(st.st_mode), 'uid': st.st_uid, 'gid': st.st_gid, 'mtime': clock(st.st_mtime_ns)}
    if kind != 'directory':
        row['nlink'] = st.st_nlink - hidden.get(st.st_ino, 0)
        row['size'] = st.st_size
    if kind in ('char', 'block'):
        row['rdev'] = st.st_rdev
    return row


def digest(data):
    """Long contents as length and a checksum that JavaScript computes the same way."""
    a = b = 0
    if len(data) <= 64:
        return data.hex()
    for byte in data:
        a = (a + byte + 1) % 65521
        b = (b + a) % 65521
    return f'{len(data)}:{a}:{b}'


def walk(path, rows, inodes):
    st = os.lstat(path)
    row = describe(st)
    row['path'] = path
    if row['type'] == 'file':
        with open(path, 'rb') as f:
            row['content'] = digest(f.read())
    if row['type'] == 'symlink':
        row['target'] = os.readlink(path)
    row['xattrs'] = {n: os.getxattr(path, n, follow_symlinks=False).hex() for n in sorted(os.listxattr(path, follow_symlinks=False))}
    if row['type'] != 'directory':
        row['group'] = inodes.setdefault((st.st_dev, st.st_ino), path)
    rows.append(row)
    if row['type'] == 'directory':
        for name in sorted(os.listdir(path), key=os.fsencode):
            walk(path.rstrip('/') + '/' + name, rows, inodes)
    return rows


handles = {}


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def op_open(slot, path, flags, mode):
    if slot in handles:
        os.close(handles.pop(slot))
    try:
        fd = os.open(path, flags | os.O_NONBLOCK, mode)
    except PermissionError:
        # Root gets this for a device in a sticky directory alone (may_create_in_sticky); the view opens no devices anywhere.
        if os.geteuid() != 0:
            raise
        raise OSError(errno.ENXIO, '')
    if TYPES[stat.S_IFMT(os.fstat(fd).st_mode)] not in ('file', 'directory'):
        os.close(fd)
        raise OSError(errno.ENXIO, '')
    handles[slot] = fd


def with_fd(path, flags, work, mode=0o666):
    op_open('*', path, flags, mode)
    try:
        return work(handles['*'])
    finally:
        os.close(handles.pop('*'))


def handle(slot):
    if slot not in handles:
        raise OSError(errno.EBADF, '')
    return handles[slot]


def read_all(fd):
    out = b''
    while True:
        part = os.read(fd, 1 << 20)
        if not part:
            return out
        out += part


def op_truncate(path, size):
    was_empty = os.path.exists(path) and os.stat(path).st_size == 0
    os.truncate(path, size)
    if was_empty and size == 0:
        os.utime(path)  # ext4 notes the time, as POSIX says; tmpfs only where it had pages to free


OPS = {
    'mkdir': lambda p, mode: os.mkdir(p, mode),
    'rmdir': os.rmdir,
    'unlink': os.unlink,
    'rename': os.rename,
    'link': lambda a, b: os.link(a, b, follow_symlinks=False),
    'symlink': lambda t, p: os.symlink(t, p),
    'readlink': os.readlink,
    'mkfifo': lambda p, mode: os.mkfifo(p, mode),
    'stat': lambda p: describe(os.stat(p)),
    'lstat': lambda p: describe(os.lstat(p)),
    'readdir': lambda p: sorted(os.listdir(p), key=os.fsencode),
    'readFile': lambda p: digest(with_fd(p, os.O_RDONLY, read_all)),
    'writeFile': lambda p, data: with_fd(p, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, lambda fd: write_all(fd, content(data))),
    'appendFile': lambda p, data: with_fd(p, os.O_WRONLY | os.O_CREAT | os.O_APPEND, lambda fd: write_all(fd, content(data))),
    'truncate': op_truncate,
    'chmod': lambda p, mode: os.chmod(p, mode),
    'chown': lambda p, uid, gid: os.chown(p, uid, gid),
    'lchown': lambda p, uid, gid: os.lchown(p, uid, gid),
    'utimes': lambda p, ns: os.utime(p, ns=(int(ns), int(ns))),
    'lutimes': lambda p, ns: os.utime(p, ns=(int(ns), int(ns)), follow_symlinks=False),
    'getxattr': lambda p, n, f: os.getxattr(p, n, follow_symlinks=f).hex(),
    'setxattr': lambda p, n, v, flags, f: os.setxattr(p, n, bytes.fromhex(v), flags, follow_symlinks=f),
    'listxattr': lambda p, f: sorted(os.listxattr(p, follow_symlinks=f)),
    'removexattr': lambda p, n, f: os.removexattr(p, n, follow_symlinks=f),
    'open': op_open,
    'read': lambda s, n, at: digest(os.pread(handle(s), n, at)),
    'write': lambda s, data, at: os.pwrite(handle(s), content(data), at),
    'readNext': lambda s, n: digest(os.read(handle(s), n)),
    'writeNext': lambda s, data: os.write(handle(s), content(data)),
    'ftruncate': lambda s, n: os.ftruncate(handle(s), n),
    # Without nlink: overlayfs still counts the name of a lower file that was unlinked while open.
    'fstat': lambda s: {k: v for k, v in describe(os.fstat(handle(s))).items() if k != 'nlink'},
    'close': lambda s: os.close(handle(s)) or handles.pop(s) and None,
}


def run(op):
    try:
        return {'value': OPS[op[0]](*op[1:])}
    except OSError as e:
        return {'errno': e.errno}


@contextlib.contextmanager
def caller(user):
    """Runs what is inside as another user; None: as root."""
    if user is None:
        yield
        return
    os.setgroups(user['groups'])
    os.setegid(user['gid'])
    os.seteuid(user['uid'])
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups([])


def sequence(request):
    mount('tmpfs', HERE, 'tmpfs')
    try:
        os.chdir(HERE)
        layers = request['layers']
        for n, entries in enumerate(layers):
            os.mkdir(f'l{n}')
            build(f'l{n}', entries)
        for name in ('u', 'w', 'm'):
            os.mkdir(name)
        # The upper root's own attributes show: they are the topmost layer's.
        top = os.stat(f'l{len(layers) - 1}')
        os.chmod('u', stat.S_IMODE(top.st_mode))
        os.utime('u', ns=(top.st_mtime_ns, top.st_mtime_ns))
        lowers = ':'.join(f'l{n}' for n in reversed(range(len(layers))))
        mount('overlay', 'm', 'overlay', f'lowerdir={lowers},upperdir=u,workdir=w,redirect_dir=on,index=on,metacopy=off')
        try:
            os.chroot('m')
            os.chdir('/')
            hidden.clear()
            before = walk('/', [], {})
            count_hidden(before)
            with caller(request.get('user')):
                results = [run(op) for op in request['ops']]
            after = walk('/', [], {})
        finally:
            for fd in handles.values():
                os.close(fd)
            handles.clear()
            os.fchdir(REAL_ROOT)
            os.chroot('.')
            os.chdir(HERE)
            umount('m')
    finally:
        os.chdir('/')
        umount(HERE)
    return {'results': results, 'before': before, 'after': after}


os.umask(0o022)
for line in sys.stdin:
    try:
        answer = sequence(json.loads(line))
    except Exception:
        answer = {'failure': traceback.format_exc()}
    sys.stdout.write(json.dumps(answer) + '\n')
    sys.stdout.flush()
