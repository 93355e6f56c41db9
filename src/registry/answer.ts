// A registry's answer, and the error that it stands for. Source: distribution-spec "Error Codes".
import { type Digest, isDigest, RegistryError } from '../core/index.js'
import { asArray, asString, JsonObject, parseJson } from '../oci/index.js'
import { boundedBytes, chunksOf } from './http/body.js'
import type { FetchResponse } from './http/fetch.js'

const ERROR_MAX_BYTES = 64 * 1024
const MESSAGE_MAX_CHARS = 300

/** What came back. Its body is read once: by `body`, `bytes` or `discard`. */
export interface Answer {
  readonly status: number
  /** Where it came from, after redirects. */
  readonly url: string
  header(name: string): string | null
  body(): AsyncGenerator<Uint8Array>
  /** @throws RegistryError past `maxBytes` */
  bytes(maxBytes: number): Promise<Uint8Array>
  /** Reads and drops what little body there is, so that the connection can be used again. */
  discard(): Promise<void>
}

/** Wraps a response; `watch` sees its chunks go by. */
export function answerOf(
  response: FetchResponse,
  url: string,
  what: string,
  watch: (chunks: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>,
): Answer {
  const body = () => watch(chunksOf(response.body))
  const bytes = (maxBytes: number) => boundedBytes(body(), maxBytes, what, response.status)
  return {
    status: response.status,
    url,
    header: (name) => response.headers.get(name),
    body,
    bytes,
    async discard() {
      let left = ERROR_MAX_BYTES
      for await (const chunk of body()) {
        left -= chunk.length
        if (left < 0) return
      }
    },
  }
}

/** The size that a header says; undefined where it says none. */
export function sizeHeader(answer: Answer, name: string): number | undefined {
  const text = answer.header(name)
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** The digest of `Docker-Content-Digest`; undefined where there is none, or one of another algorithm. */
export function digestHeader(answer: Answer): Digest | undefined {
  const text = answer.header('docker-content-digest')
  return isDigest(text) ? text : undefined
}

/** The error of an answer that is none of those hoped for; reads its body. */
export async function errorOf(answer: Answer, what: string): Promise<RegistryError> {
  const { codes, text } = await reasonOf(answer)
  const remedy = REMEDY[answer.status]
  return new RegistryError(
    `${what}: status ${answer.status}${text === '' ? '' : `, ${text}`}`,
    answer.status,
    codes,
    remedy === undefined ? {} : { remedy },
  )
}

const REMEDY: Readonly<Record<number, string>> = {
  401: 'pass auth, or log in with docker, podman or skopeo',
  403: 'these credentials may not do this',
  429: 'the registry limits requests: wait, or log in',
}

async function reasonOf(answer: Answer): Promise<{ readonly codes: readonly string[]; readonly text: string }> {
  try {
    const object = new JsonObject(parseJson(await answer.bytes(ERROR_MAX_BYTES), 'error', ERROR_MAX_BYTES), '$')
    const errors = object
      .required(
        'errors',
        asArray((value, path) => new JsonObject(value, path)),
      )
      .slice(0, 10)
    const codes = errors.map((each) => shown(each.optional('code', asString) ?? 'UNKNOWN'))
    const texts = errors.map((each, index) => [codes[index], shown(each.optional('message', asString) ?? '')].filter(Boolean).join(': '))
    return { codes, text: texts.join('; ') }
  } catch (error) {
    // Whatever it is, the status is what counts: the body of an error may be in any format, and may break off.
    return error instanceof Error ? { codes: [], text: '' } : Promise.reject(error)
  }
}

/** Text from outside, fit for a message: one line, not too long. */
const shown = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, MESSAGE_MAX_CHARS)
