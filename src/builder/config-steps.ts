// Steps that change the image's configuration alone. Source: image-spec config.md; CMD and ENTRYPOINT as in Docker's reference.
import { imagePath, optionsObject, stringOption } from '../core/index.js'
import type { ExecutionConfig, Healthcheck } from '../image/index.js'
import type { Env } from '../sandbox/index.js'
import type { BuildStep } from './step.js'

type ConfigStep = Extract<BuildStep, { kind: 'config' }>
const step = (name: string, edit: ConfigStep['edit']): ConfigStep => ({ kind: 'config', name, edit })

/** How to find out whether the program is well. Times in milliseconds. */
export interface HealthcheckOptions {
  /** An argument list, a line for the shell, or 'none': no check, not even the base's. */
  readonly test: readonly string[] | string
  readonly intervalMs?: number | undefined
  readonly timeoutMs?: number | undefined
  readonly startPeriodMs?: number | undefined
  readonly retries?: number | undefined
}

const argv = (value: readonly string[], of: string): readonly string[] => {
  if (!Array.isArray(value) || value.some((arg) => typeof arg !== 'string' || arg.includes('\0')))
    throw new TypeError(`${of} must be an array of strings without NUL`)
  return [...value]
}
const text = (value: string, of: string): string => {
  if (typeof value !== 'string' || value.includes('\0')) throw new TypeError(`${of} must be a string without NUL`)
  return value
}

/** Sets variables; undefined removes one. @throws TypeError that names the variable */
export function envStep(env: Env): ConfigStep {
  const edits = { ...optionsObject(env, 'env') }
  for (const [name, value] of Object.entries(edits)) {
    if (name === '' || name.includes('=') || name.includes('\0')) throw new TypeError(`env: not a variable's name: ${JSON.stringify(name)}`)
    stringOption(value, `env.${name}`)
  }
  return step(`env ${Object.keys(edits).join(' ')}`, (config) => {
    const kept = (config.Env ?? []).filter((entry) => !Object.hasOwn(edits, entry.split('=', 1)[0]!))
    const set = Object.entries(edits).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    return { ...config, Env: [...kept, ...set] }
  })
}

/** Sets the working directory; a relative path continues the one so far. */
export function workdirStep(path: string): ConfigStep {
  text(path, 'workdir')
  return step(`workdir ${path}`, (config) => ({ ...config, WorkingDir: insideWorkdir(config, path) }))
}

/** An absolute image path of one that may be relative to the working directory. */
export const insideWorkdir = (config: ExecutionConfig, path: string): string =>
  imagePath(path.startsWith('/') ? path : `${config.WorkingDir ?? '/'}/${path}`)

/** `name`, `uid`, `name:group` or `uid:gid`. */
export const userStep = (user: string): ConfigStep => step(`user ${text(user, 'user')}`, (config) => ({ ...config, User: user }))

/** Sets the entrypoint, and drops a cmd that came with the base: it was meant for the base's own entrypoint. */
export function entrypointStep(value: readonly string[], keepsCmd: boolean): ConfigStep {
  const Entrypoint = argv(value, 'entrypoint')
  return step(`entrypoint ${JSON.stringify(Entrypoint)}`, ({ Cmd, ...config }) =>
    keepsCmd && Cmd !== undefined ? { ...config, Cmd, Entrypoint } : { ...config, Entrypoint },
  )
}

/** Sets the default arguments. */
export function cmdStep(value: readonly string[]): ConfigStep {
  const Cmd = argv(value, 'cmd')
  return step(`cmd ${JSON.stringify(Cmd)}`, (config) => ({ ...config, Cmd }))
}

/** Sets labels; undefined removes one. */
export function labelStep(labels: Readonly<Record<string, string | undefined>>): ConfigStep {
  const edits = { ...labels }
  for (const [name, value] of Object.entries(edits)) if (value !== undefined) text(value, `label ${name}`)
  return step(`label ${Object.keys(edits).join(' ')}`, (config) => {
    const merged = Object.entries({ ...config.Labels, ...edits }).filter((pair): pair is [string, string] => pair[1] !== undefined)
    return { ...config, Labels: Object.fromEntries(merged) }
  })
}

/** Adds ports: 80 or '53/udp'. */
export function exposeStep(ports: readonly (number | string)[]): ConfigStep {
  const keys = ports.map((port) => {
    const [number, protocol = 'tcp', ...more] = String(port).split('/')
    const value = Number(number)
    if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new RangeError(`expose: not a port from 1 to 65535: ${port}`)
    if (!['tcp', 'udp', 'sctp'].includes(protocol) || more.length > 0)
      throw new TypeError(`expose: a protocol other than tcp, udp or sctp: ${port}`)
    return `${value}/${protocol}`
  })
  return step(`expose ${keys.join(' ')}`, (config) => ({ ...config, ExposedPorts: { ...config.ExposedPorts, ...emptyObjects(keys) } }))
}

/** Adds volumes. */
export function volumeStep(paths: readonly string[]): ConfigStep {
  const keys = paths.map((path) => {
    if (!text(path, 'volume').startsWith('/')) throw new TypeError(`volume: not an absolute path: ${path}`)
    return imagePath(path)
  })
  return step(`volume ${keys.join(' ')}`, (config) => ({ ...config, Volumes: { ...config.Volumes, ...emptyObjects(keys) } }))
}

const emptyObjects = (keys: readonly string[]): Record<string, object> => Object.fromEntries(keys.map((key) => [key, {}]))

/** `SIGTERM`, or a number. */
export function stopSignalStep(signal: string | number): ConfigStep {
  const StopSignal = String(signal)
  if (!/^(SIG[A-Z0-9+-]+|\d{1,2})$/.test(StopSignal)) throw new TypeError(`stopSignal must be like 'SIGTERM' or 15, not ${StopSignal}`)
  return step(`stopSignal ${StopSignal}`, (config) => ({ ...config, StopSignal }))
}

/** Sets the health check. */
export function healthcheckStep(options: HealthcheckOptions): ConfigStep {
  const { test } = options
  const Test =
    test === 'none'
      ? ['NONE']
      : typeof test === 'string'
        ? ['CMD-SHELL', text(test, 'healthcheck.test')]
        : ['CMD', ...argv(test, 'healthcheck.test')]
  const ns = (name: 'intervalMs' | 'timeoutMs' | 'startPeriodMs', key: keyof Healthcheck): Healthcheck => {
    const ms = options[name]
    if (ms === undefined) return {}
    if (!Number.isInteger(ms) || ms < 1 || ms > 86_400_000)
      throw new RangeError(`healthcheck.${name} must be an integer from 1 to 86400000, not ${ms}`)
    return { [key]: ms * 1_000_000 }
  }
  const { retries } = options
  if (retries !== undefined && (!Number.isInteger(retries) || retries < 1))
    throw new RangeError(`healthcheck.retries must be a positive integer, not ${retries}`)
  const Healthcheck: Healthcheck = {
    Test,
    ...ns('intervalMs', 'Interval'),
    ...ns('timeoutMs', 'Timeout'),
    ...ns('startPeriodMs', 'StartPeriod'),
    ...(retries === undefined ? {} : { Retries: retries }),
  }
  return step(`healthcheck ${JSON.stringify(Test)}`, (config) => ({ ...config, Healthcheck }))
}
