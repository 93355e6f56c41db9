// A program that has to end well, from start to end.
import { spawn } from 'node:child_process'

/** Resolves when it has ended with exit code 0. @throws Error with the last of what it wrote to standard error */
export const spawned = (command, args, { argv0 = command, env = {} } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, argv0 })
    let said = ''
    child.stdout.resume()
    child.stderr.on('data', (chunk) => {
      said = (said + chunk).slice(-1000)
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(said.trim().split('\n').at(-1) || `it ended with ${code}`))))
  })
