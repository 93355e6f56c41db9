// Runs ../shared/probe's program in a sandbox. argv: a JSON request { program, pty, ...options of the sandbox }, then the probe's own arguments.
import { Sandbox } from '../../../dist/index.js'

const [request, ...argv] = process.argv.slice(2)
const { program, pty, ...options } = JSON.parse(request)
const sandbox = await Sandbox.create(options)
try {
  const { stdout, stderr } = await (await sandbox.spawn([program, ...argv], pty ? { pty } : {})).wait()
  process.stdout.write(stdout)
  process.stderr.write(stderr)
} finally {
  await sandbox.close()
}
