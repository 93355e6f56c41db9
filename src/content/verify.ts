// Reads everything and says what is not as its name says.
import { readdir } from 'node:fs/promises'
import { type Digest, DigestMismatchError, isDigest, StrataError } from '../core/index.js'
import type { Blobs } from './blobs.js'
import { reachableFrom } from './reachable.js'
import type { Refs } from './refs.js'

/** One thing that is wrong in a store. */
export interface StoreProblem {
  /** Of the blob that is wrong, missing or cannot be followed. */
  readonly digest: string
  readonly what: string
}

/** Checks every blob against its name, and every reference down to its layers. */
export async function verifyStore(blobs: Blobs, refs: Refs, signal?: AbortSignal): Promise<readonly StoreProblem[]> {
  const problems: StoreProblem[] = []
  for (const name of await readdir(blobs.paths.blobs())) {
    const digest = `sha256:${name}`
    if (isDigest(digest)) await check(problems, digest, () => readAll(blobs, digest, signal), signal)
    else problems.push({ digest: name, what: 'no name of a blob' })
  }
  for (const { ref, descriptor } of await refs.list()) {
    await check(
      problems,
      descriptor.digest,
      async () => {
        const reachable = await reachableFrom(blobs, [descriptor], signal)
        for (const digest of reachable.blobs) {
          if (!(await blobs.has({ digest }))) problems.push({ digest, what: `missing, needed by ${ref}` })
        }
      },
      signal,
    )
  }
  return problems
}

async function readAll(blobs: Blobs, digest: Digest, signal: AbortSignal | undefined): Promise<void> {
  for await (const _ of blobs.read({ digest })) signal?.throwIfAborted()
}

async function check(problems: StoreProblem[], digest: string, work: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  try {
    await work()
  } catch (error) {
    if (!(error instanceof StrataError)) throw error
    if (problems.some((known) => known.digest === digest)) return
    const what = error instanceof DigestMismatchError ? `its content is ${error.actual}` : error.message
    problems.push({ digest, what })
  }
}
