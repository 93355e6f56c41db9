// Runs other programs for the scripts beside it: quietly (output is shown only when they fail), or in the foreground.
import { spawn } from 'node:child_process'
import { accessSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository's top folder, without a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

/** Runs a program without showing its output, in the repository unless told otherwise. Resolves to { ok, output, code }; a program that is not there is `ok: false`. */
export function capture(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options })
    const chunks = []
    child.stdout?.on('data', (chunk) => chunks.push(chunk))
    child.stderr?.on('data', (chunk) => chunks.push(chunk))
    const settle = (code, more = '') => resolve({ ok: code === 0, code, output: Buffer.concat(chunks).toString() + more })
    child.on('error', (error) => settle(null, `${error.message}\n`))
    child.on('close', (code) => settle(code))
  })
}

/** Runs a program quietly. @throws Error with all its output when it fails */
export async function quietly(what, command, args, options) {
  const { ok, output } = await capture(command, args, options)
  if (!ok) throw new ScriptError(`${what} failed: ${[command, ...args].join(' ')}\n${output.trimEnd()}`)
  return output
}

/** Runs a program on this terminal. Resolves to its exit code; a death by signal is 1. */
export function foreground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

/** Whether this user may do to the file what `mode` (`constants.W_OK` …) says. */
export function isAccessible(path, mode) {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** A failure that is told by its message alone: its stack says nothing to the reader. */
export class ScriptError extends Error {}

/** Runs a script's main function when the module is the program that was started; failures end the process with exit code 1. */
export async function main(url, body) {
  if (process.argv[1] === undefined || fileURLToPath(url) !== process.argv[1]) return
  try {
    await body()
  } catch (error) {
    console.error(error instanceof ScriptError ? error.message : error)
    process.exitCode = 1
  }
}
