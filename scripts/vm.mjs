// npm run test:vm: the sandbox tests under a real kernel with cgroup v2 and nothing else, in an emulated machine, as root and as an ordinary user with
// a delegated group. Arguments are test files; default: FILES. Part of npm test.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { capture, main, root, ScriptError } from './run.mjs'
import { setup } from './setup.mjs'
import { makeDisk, makeInitramfs } from './vm/image.mjs'
import { CACHE, missingForVm, vmKernel } from './vm/kernel.mjs'

/** Everything about limits, and enough of the rest to know that a sandbox is one there too. */
const FILES = [
  ...['cgroup/kernel', 'api/limits', 'api/limit-events', 'api/io-limits', 'api/disk-limit'],
  ...['api/scratch', 'api/host-files', 'api/privileges', 'api/ending', 'fs/directories'],
].map((name) => `test/sandbox/${name}.test.ts`)
// Some two minutes where nothing else runs.
const TIMEOUT_MS = 15 * 60_000

/** The runs in the machine: [{ name, passed, failed, skipped, output? }], or a string: why there is no machine here. */
export async function testVm(say, files = FILES) {
  const missing = await missingForVm(say)
  if (missing !== undefined) return missing
  const work = mkdtempSync(join(tmpdir(), 'stratabox-vm-'))
  try {
    mkdirSync(CACHE, { recursive: true })
    const { kernel, modules } = await vmKernel(say)
    const disk = join(work, 'disk.ext4')
    const initramfs = join(work, 'initramfs.gz')
    const bundled = await bundle(join(work, 'bundle'), files)
    writeFileSync(join(work, 'files'), files.map((file) => file.replace(/\.ts$/, '.js')).join('\n'))
    const dependencies = (await capture('npm', ['ls', '--omit=dev', '--all', '--parseable'])).output
      .split('\n')
      .filter((path) => path.startsWith(`${root}/node_modules/`))
    await makeDisk(
      disk,
      work,
      [
        'package.json',
        'dist',
        'build/Release/stratabox.node',
        'build/Release/stratabox-supervisor',
        'test',
        'benchmarks',
        'scripts/vm',
        ...dependencies.map((path) => relative(root, path)),
      ],
      [...bundled, [join(work, 'files'), 'project/scripts/vm/files']],
    )
    await makeInitramfs(initramfs, work, modules, readFileSync(join(root, 'scripts/vm/initramfs.sh'), 'utf8'))
    return reports(await boot(kernel, initramfs, disk))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Each test as one module that needs only the package and `vitest`, and a `vitest` that is its runner alone. Returns [host path, path in the machine]. */
async function bundle(out, files) {
  // Not at the top: in a fresh clone this file is loaded before there are packages.
  const { build } = await import('esbuild')
  const options = { bundle: true, format: 'esm', platform: 'node', target: 'node20', logLevel: 'error', absWorkingDir: root }
  await build({
    ...options,
    entryPoints: files,
    outbase: root,
    outdir: out,
    external: ['vitest', 'stratabox', 'stratabox/*'],
    // The sources' own imports; the package's are those of its package.json.
    alias: {
      '#hash': join(root, 'src/core/hash.node.ts'),
      '#compress': join(root, 'src/compress/codec.node.ts'),
      '#spool': join(root, 'src/unionfs/spool.node.ts'),
    },
  })
  await build({ ...options, entryPoints: [join(root, 'scripts/vm/runner.mjs')], outfile: join(out, 'vitest/index.js') })
  writeFileSync(join(out, 'vitest/package.json'), JSON.stringify({ name: 'vitest', type: 'module', main: 'index.js' }))
  return [
    ...files.map((file) => file.replace(/\.ts$/, '.js')).map((file) => [join(out, file), join('project', file)]),
    [join(out, 'vitest'), 'project/node_modules/vitest'],
  ]
}

/** What the machine wrote to its serial line until it switched itself off. */
function boot(kernel, initramfs, disk) {
  const machine = '-M pc,accel=tcg -cpu max -smp 2 -m 3072 -nodefaults -no-user-config -display none -no-reboot -serial stdio'.split(' ')
  const drive = ['-drive', `id=disk,file=${disk},format=raw,if=none,cache=unsafe`, '-device', 'virtio-blk-pci,drive=disk']
  const boot = ['-kernel', kernel, '-initrd', initramfs, '-append', 'console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on']
  return new Promise((resolve, reject) => {
    // Other tests may run beside it, and wait for nobody.
    const child = spawn('nice', ['-n', '10', 'qemu-system-x86_64', ...machine, ...drive, ...boot], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const isShown = process.env.STRATABOX_VM_SHOW === '1'
    const end = () => child.kill('SIGKILL')
    const timer = setTimeout(end, TIMEOUT_MS)
    const add = (chunk) => {
      output += chunk
      if (isShown) process.stdout.write(chunk)
      if (output.includes('STRATABOX-VM-END') || output.includes('Kernel panic')) setTimeout(end, 200)
    }
    child.stdout.on('data', add)
    child.stderr.on('data', add)
    child.on('error', (error) => reject(new ScriptError(`the emulator: ${error.message}`)))
    child.on('close', () => {
      clearTimeout(timer)
      resolve(output)
    })
  })
}

function reports(output) {
  const lines = output.split(/\r?\n/)
  const found = lines.filter((line) => line.startsWith('STRATABOX-VM {')).map((line) => JSON.parse(line.slice('STRATABOX-VM '.length)))
  const left = /^left: (\S.*)$/m.exec(output)?.[1]
  const text = lines.filter((line) => !line.startsWith('STRATABOX-VM')).join('\n')
  return ['root', 'user'].map((name) => {
    const report = found.find((one) => one.name === name) ?? { passed: 0, failed: ['it wrote no report'], skipped: [] }
    const failed = [...report.failed, ...(name === 'user' && left !== undefined ? [`left behind: ${left.trim()}`] : [])]
    return { ...report, name, failed, ...(failed.length > 0 ? { output: text } : {}) }
  })
}

await main(import.meta.url, async () => {
  await setup(console.error)
  const files = process.argv.slice(2)
  const results = await testVm(console.error, files.length > 0 ? files : undefined)
  if (typeof results === 'string') throw new ScriptError(results)
  for (const { name, passed, failed, skipped, output } of results) {
    if (output !== undefined && process.env.STRATABOX_VM_SHOW !== '1') console.log(output)
    for (const title of failed) console.log(`FAILED ${title}`)
    for (const { title, reason } of skipped) console.log(`skipped ${title} (${reason})`)
    console.log(`virtual machine, ${name}: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped`)
    if (failed.length > 0) process.exitCode = 1
  }
})
