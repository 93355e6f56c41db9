// Runs ../shared/probe's program in a sandbox. argv: a JSON request { root, mounts, user, limits }, then the probe's own arguments.
import { Sandbox } from '../../../dist/index.js'

const [request, ...argv] = process.argv.slice(2)
const { program, ...options } = JSON.parse(request)
const sandbox = await Sandbox.create(options)
try {
  const { stdout, stderr } = await sandbox.run([program, ...argv])
  process.stdout.write(stdout)
  process.stderr.write(stderr)
} finally {
  await sandbox.close()
}
