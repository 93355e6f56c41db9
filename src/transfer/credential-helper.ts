// Programs that keep credentials: `docker-credential-<name> get`. Source: docker-credential-helpers, "Development".
import { spawn } from 'node:child_process'
import { StrataError } from '../core/index.js'
import { asString, JsonObject, parseJson } from '../oci/index.js'
import type { RegistryAuth } from '../registry/index.js'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const OUTPUT_MAX_BYTES = 64 * 1024
const TIMEOUT_MS = 30_000
/** What a helper gives as the user name of an identity token. */
const TOKEN_USER = '<token>'

/** Asks a helper for the credentials of a server; undefined where it has none. The server's name goes to its standard input, never to a shell.
 *  @throws StrataError `ERR_CREDENTIALS` where there is no such helper, or it fails; without what it printed */
export async function askHelper(name: string, server: string, signal: AbortSignal | undefined): Promise<RegistryAuth | undefined> {
  const program = `docker-credential-${name}`
  const fail = (why: string) =>
    new StrataError(`the credential helper ${NAME.test(name) ? program : 'of the configuration'} ${why}`, {
      code: 'ERR_CREDENTIALS',
      remedy: 'mend the configuration of docker, or pass auth',
    })
  // A name with a slash would be a path to anything.
  if (!NAME.test(name)) throw fail('has a name that is none')
  const { code, output, error } = await run(program, server, signal)
  // EACCES: it may not be run, or a directory of PATH may not be looked into (execvp(3)).
  if (error === 'ENOENT' || error === 'EACCES') throw fail('is not installed, or may not be run')
  if (error !== undefined) throw fail(`could not be asked: ${error}`)
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return undefined
    throw fail(`failed with exit code ${code}`)
  }
  try {
    const answer = new JsonObject(parseJson(Buffer.from(output), 'credentials', OUTPUT_MAX_BYTES), '$')
    const [username, password] = [answer.required('Username', asString), answer.required('Secret', asString)]
    if (username === '' && password === '') return undefined
    return username === TOKEN_USER ? { identityToken: password } : { username, password }
  } catch {
    // Not as the cause: it may quote what the helper printed.
    throw fail('gives an answer that cannot be read')
  }
}

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly error?: string
}

function run(program: string, input: string, signal: AbortSignal | undefined): Promise<Ended> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], shell: false, windowsHide: true })
    let output = ''
    let problem: string | undefined
    const kill = (why: string) => {
      problem ??= why
      child.kill('SIGKILL')
      // A program of its own that it left behind may hold the pipe.
      child.stdout.destroy()
    }
    const timer = setTimeout(kill, TIMEOUT_MS, `no answer in ${TIMEOUT_MS / 1000} s`)
    const abort = () => kill('aborted')
    signal?.addEventListener('abort', abort, { once: true })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.length > OUTPUT_MAX_BYTES) kill('too much output')
    })
    // A helper that does not read its input is as good as one that does.
    child.stdin.on('error', () => undefined).end(`${input}\n`)
    child.once('error', (error: NodeJS.ErrnoException) => {
      problem ??= error.code ?? 'EIO'
      if (child.pid === undefined) child.emit('close', null)
    })
    child.once('close', (code: number | null) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      if (signal?.aborted === true) reject(signal.reason)
      else resolve({ code, output, ...(problem === undefined ? {} : { error: problem }) })
    })
  })
}
