// Image configuration. Source: image-spec config.md; Healthcheck, Shell, OnBuild: Docker image specification v1.2.
import { type Digest, FormatError } from '../core/index.js'
import { asArray, asBoolean, asDigest, asInteger, asSet, asString, asStrings, JsonObject } from './decode.js'
import { parseJson } from './json.js'

/** Most bytes of a configuration. */
export const CONFIG_MAX_BYTES = 8 * 2 ** 20

/** How to find out whether the program is well. Times in nanoseconds; 0 is inherited. */
export interface Healthcheck {
  /** `['NONE']`, `['CMD', …argv]` or `['CMD-SHELL', command]`; empty is inherited. */
  readonly Test?: readonly string[]
  readonly Interval?: number
  readonly Timeout?: number
  readonly StartPeriod?: number
  readonly StartInterval?: number
  readonly Retries?: number
}

/** How the image's program is run: the `config` field. */
export interface ExecutionConfig {
  /** `name`, `uid`, `name:group`, `uid:gid` … Absent or '': root. */
  readonly User?: string
  /** Keys such as `80/tcp`. */
  readonly ExposedPorts?: Readonly<Record<string, object>>
  /** `NAME=value` each. */
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  /** Keys are paths in the image. */
  readonly Volumes?: Readonly<Record<string, object>>
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>>
  /** A name such as `SIGINT`, or a number. */
  readonly StopSignal?: string
  readonly Healthcheck?: Healthcheck
  readonly Shell?: readonly string[]
  readonly OnBuild?: readonly string[]
  readonly ArgsEscaped?: boolean
}

/** How one layer (or, with `empty_layer`, none) came to be. */
export interface History {
  /** RFC 3339. */
  readonly created?: string
  readonly created_by?: string
  readonly author?: string
  readonly comment?: string
  /** The step changed no file: no layer stands for it. */
  readonly empty_layer?: boolean
}

/** The configuration document. Fields this library does not know are kept. */
export interface ImageConfig {
  readonly created?: string
  readonly author?: string
  readonly architecture: string
  readonly os: string
  readonly 'os.version'?: string
  readonly 'os.features'?: readonly string[]
  readonly variant?: string
  readonly config?: ExecutionConfig
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] }
  readonly history?: readonly History[]
}

/** @throws FormatError that names the field */
export function decodeConfig(bytes: Uint8Array): ImageConfig {
  const object = new JsonObject(parseJson(bytes, 'image configuration', CONFIG_MAX_BYTES), '$')
  for (const key of ['created', 'author', 'os.version', 'variant']) object.optional(key, asString)
  for (const key of ['architecture', 'os']) object.required(key, asString)
  object.optional('os.features', asArray(asString))
  object.required('rootfs', decodeRootfs)
  object.optional('config', decodeExecution)
  object.optional('history', asArray(decodeHistory))
  return object.fields as unknown as ImageConfig
}

function decodeRootfs(value: unknown, path: string): void {
  const object = new JsonObject(value, path, ['diff_ids'])
  const type = object.required('type', asString)
  if (type !== 'layers')
    throw new FormatError(`must be "layers", not ${JSON.stringify(type.slice(0, 40))}`, { jsonPath: object.at('type') })
  object.required('diff_ids', asArray(asDigest))
}

function decodeExecution(value: unknown, path: string): void {
  const object = new JsonObject(value, path)
  for (const key of ['User', 'WorkingDir', 'StopSignal']) object.optional(key, asString)
  for (const key of ['Env', 'Entrypoint', 'Cmd', 'Shell', 'OnBuild']) object.optional(key, asArray(asString))
  for (const key of ['ExposedPorts', 'Volumes']) object.optional(key, asSet)
  object.optional('Labels', asStrings)
  object.optional('ArgsEscaped', asBoolean)
  object.optional('Healthcheck', decodeHealthcheck)
}

function decodeHealthcheck(value: unknown, path: string): void {
  const object = new JsonObject(value, path)
  object.optional('Test', asArray(asString))
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries']) object.optional(key, asInteger)
}

function decodeHistory(value: unknown, path: string): void {
  const object = new JsonObject(value, path)
  for (const key of ['created', 'created_by', 'author', 'comment']) object.optional(key, asString)
  object.optional('empty_layer', asBoolean)
}
