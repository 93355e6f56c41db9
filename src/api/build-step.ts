// A builder's `run` step: a fresh sandbox over the image so far, its writes on the store's disk.
import type { RunStep } from '../builder/index.js'
import type { ContentStore } from '../content/index.js'
import { ExitError } from '../core/index.js'
import { provideRunStep } from './run-step.js'
import { startOn } from './start.js'

const runStepOn =
  (content: ContentStore): RunStep =>
  async ({ image, command, options, onOutput, signal }) => {
    const { env, user, cwd, mounts, network, limits } = options
    const { session } = await startOn(content, image, { mounts, network, limits, scratch: 'disk', signal })
    try {
      const step = await session.spawn(command, { env, user, cwd, signal })
      step.stdin.end()
      step.stdout.on('data', (chunk: Buffer) => onOutput('stdout', chunk.toString('utf8')))
      step.stderr.on('data', (chunk: Buffer) => onOutput('stderr', chunk.toString('utf8')))
      const result = await step.wait()
      const how = result.exitCode === null ? `was killed by ${result.signal}` : `exited with ${result.exitCode}`
      if (!result.ok) throw new ExitError(`run: ${result.command.join(' ').slice(0, 200)} ${how}: ${result.stderr.slice(-1000)}`, result)
      return { changes: () => session.running.changes(undefined), [Symbol.asyncDispose]: () => session.running.close() }
    } catch (error) {
      await session.running.close()
      throw error
    }
  }

provideRunStep(runStepOn)
