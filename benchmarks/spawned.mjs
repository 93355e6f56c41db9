// A program that has to end well, from start to end.
import { spawn } from 'node:child_process'

/** Resolves when it has ended with exit code 0. @throws Error with what it complained of last */
export const spawned = (command, args, { argv0 = command, env = {} } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, argv0 })
    let said = ''
    child.stdout.resume()
    child.stderr.on('data', (chunk) => {
      said = (said + chunk).slice(-1000)
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(complaint(said) || `it ended with ${code}`))))
  })

/** The last line that speaks of a failure, else the last: usage hints follow errors. */
function complaint(said) {
  const lines = said.trim().split('\n')
  return lines.findLast((line) => /error|fail|denied|invalid/i.test(line)) ?? lines.at(-1)
}
