// The builder as an immutable value: each call returns a new one with a step more; nothing happens before `commit`.
import { resolve } from 'node:path'
import type { ContentStore } from '../content/index.js'
import { optionsObject, rejectUnknown, UnsupportedError, utf8 } from '../core/index.js'
import { type Image, type Platform, platformOfImage } from '../image/index.js'
import { formatPlatform } from '../oci/index.js'
import type { Command, Env } from '../sandbox/index.js'
import { UnionFs } from '../unionfs/index.js'
import type { RegistryEdits } from '../windows-layer/index.js'
import { carryOut } from './commit.js'
import * as config from './config-steps.js'
import {
  type CommitOptions,
  type CommitSpec,
  commitSpec,
  hostPlatform,
  imagePathOption,
  modeOption,
  type OwnerOption,
  ownerOption,
} from './options.js'
import type { RunStep, RunStepOptions } from './run-step.js'
import { type Stage, type Stages, withStages } from './stages.js'
import type { BuildStep, OpenSource } from './step.js'
import { hostPathOf } from './steps/copy.js'
import { hostSource, unionSource } from './steps/copy-source.js'
import { registryStep } from './steps/registry.js'

/** What a builder stands on. Filled in by api/. */
export interface BuilderContext {
  readonly content: ContentStore
  /** The image that a reference names. @throws UnsupportedError where there is none */
  readonly resolve: (ref: string, signal: AbortSignal | undefined, platform?: Platform | undefined) => Promise<Image>
  readonly tag: (image: Image, ref: string, signal: AbortSignal | undefined) => Promise<void>
  /** Runs the commands of `run` steps; undefined: they are refused. */
  readonly runStep: RunStep | undefined
}

/** What a builder begins with. */
export type BuildBase = 'scratch' | 'host' | Image | (string & {})

/** Options of `copy`. */
export interface CopyOptions {
  /** Copy out of this image instead of the host. */
  readonly from?: Image | ImageBuilder | string | undefined
  /** Default: root's. */
  readonly owner?: OwnerOption | undefined
  /** Permission bits of all files and directories. Default: as they are. */
  readonly mode?: number | undefined
  /** Patterns as in .dockerignore, relative to the copied directory. */
  readonly ignore?: readonly string[] | undefined
  /** Copy what links lead to instead of the links. Default: false. */
  readonly followLinks?: boolean | undefined
}

/** Options of `write`. */
export interface WriteOptions {
  /** Default: 0o644. */
  readonly mode?: number | undefined
  /** Default: root's. */
  readonly owner?: OwnerOption | undefined
}

/** Builds an image step by step. */
export class ImageBuilder {
  readonly #context: BuilderContext
  readonly #base: BuildBase
  readonly #steps: readonly BuildStep[]

  /** Begins with `base`; api/ does this. */
  constructor(context: BuilderContext, base: BuildBase, steps: readonly BuildStep[] = []) {
    this.#context = context
    this.#base = base
    this.#steps = steps
  }

  /** Copies a file, or the contents of a directory. `from`: a path relative to the working directory of this process, a file URL, or a union view (all of
   *  it); with `options.from`, a path in that image. `to`: in the image; with a trailing slash, or where a directory is, a file is copied into it. */
  copy(from: string | URL | UnionFs, to: string, options?: CopyOptions): ImageBuilder {
    const given = optionsObject(options, 'copy')
    rejectUnknown(given, ['from', 'owner', 'mode', 'ignore', 'followLinks'], 'copy')
    const { ignore = [], followLinks = false } = given
    if (!Array.isArray(ignore)) throw new TypeError('copy: ignore must be an array of strings')
    const spec = {
      to: imagePathOption(to, 'copy'),
      mode: modeOption(given.mode, 'copy'),
      ignore: [...ignore],
    }
    const owner = ownerOption(given.owner, 'copy')
    const stage = given.from instanceof ImageBuilder ? { stage: ImageBuilder.#stageOf(given.from) } : {}
    return this.#with({ kind: 'copy', name: `copy ${to}`, open: this.#source(from, given.from, followLinks), ...stage, spec, owner })
  }

  /** Copies executables to their own paths, with interpreter and shared libraries (read from the ELF files, nothing is run). */
  program(...hostPaths: string[]): ImageBuilder {
    if (hostPaths.length === 0 || hostPaths.some((path) => typeof path !== 'string' || path === ''))
      throw new TypeError('program: at least one path of a host executable')
    const paths = hostPaths.map((path) => resolve(path))
    return this.#with({ kind: 'program', name: `program ${paths.join(' ')}`, paths })
  }

  /** Writes a file, 0644 and root's unless said otherwise. */
  write(path: string, content: string | Uint8Array, options?: WriteOptions): ImageBuilder {
    const given = optionsObject(options, 'write')
    rejectUnknown(given, ['mode', 'owner'], 'write')
    if (typeof content !== 'string' && !(content instanceof Uint8Array)) throw new TypeError('write: content must be a string or bytes')
    const bytes = typeof content === 'string' ? utf8(content) : content.slice()
    const owner = ownerOption(given.owner, 'write')
    const mode = modeOption(given.mode, 'write') ?? 0o644
    return this.#with({ kind: 'write', name: `write ${path}`, path: imagePathOption(path, 'write'), content: bytes, mode, owner })
  }

  /** Removes a file or a tree of the base (or of earlier steps). */
  remove(path: string): ImageBuilder {
    return this.#with({ kind: 'remove', name: `remove ${path}`, path: imagePathOption(path, 'remove') })
  }

  /** Runs a command in a sandbox of the image so far; what it changes becomes a layer. One that fails rejects `commit` with ExitError. */
  run(command: Command, options?: RunStepOptions): ImageBuilder {
    const given = optionsObject(options, 'run')
    rejectUnknown(given, ['env', 'user', 'cwd', 'mounts', 'network', 'limits'], 'run')
    const isCommand =
      typeof command === 'string'
        ? command !== ''
        : Array.isArray(command) && command.length > 0 && command.every((arg) => typeof arg === 'string')
    if (!isCommand) throw new TypeError('run: the command must be a non-empty string or array of strings')
    const name = typeof command === 'string' ? command : JSON.stringify(command)
    return this.#with({
      kind: 'run',
      name: `run ${name}`,
      command: typeof command === 'string' ? command : [...command],
      options: { ...given },
    })
  }

  /** Changes the registry of a Windows image, on any system: deletions first. Keys by their full paths (`HKLM\\SOFTWARE\\Vendor`), values by name.
   *  The changes are kept as deltas (`Hives/Software_Delta` …), as Windows keeps those of its containers. */
  registry(edits: RegistryEdits): ImageBuilder {
    return this.#with(registryStep(edits))
  }

  /** Sets environment variables; undefined removes one. */
  env(variables: Env): ImageBuilder {
    return this.#with(config.envStep(variables))
  }
  /** Sets the working directory of commands and of relative paths in later steps. */
  workdir(path: string): ImageBuilder {
    return this.#with(config.workdirStep(path))
  }
  /** Sets the user of commands: `name`, `uid`, `name:group`, `uid:gid`. */
  user(user: string): ImageBuilder {
    return this.#with(config.userStep(user))
  }
  /** Sets what is run; an inherited cmd is dropped. */
  entrypoint(argv: readonly string[]): ImageBuilder {
    const hasOwnCmd = this.#steps.some((step) => step.kind === 'config' && step.name.startsWith('cmd '))
    return this.#with(config.entrypointStep(argv, hasOwnCmd))
  }
  /** Sets the default arguments of the entrypoint. */
  cmd(argv: readonly string[]): ImageBuilder {
    return this.#with(config.cmdStep(argv))
  }
  /** Sets labels; undefined removes one. */
  label(labels: Readonly<Record<string, string | undefined>>): ImageBuilder {
    return this.#with(config.labelStep(labels))
  }
  /** Says which ports the program listens on: 80, '53/udp'. */
  expose(...ports: (number | string)[]): ImageBuilder {
    return this.#with(config.exposeStep(ports))
  }
  /** Says which directories hold data that is not the image's. */
  volume(...paths: string[]): ImageBuilder {
    return this.#with(config.volumeStep(paths))
  }
  /** Sets the signal that asks the program to end. */
  stopSignal(signal: string | number): ImageBuilder {
    return this.#with(config.stopSignalStep(signal))
  }
  /** Sets how to find out whether the program is well. */
  healthcheck(options: config.HealthcheckOptions): ImageBuilder {
    return this.#with(config.healthcheckStep(options))
  }

  /** Carries out the steps and puts the image into the store. Same inputs, same digests.
   *  @throws ExitError for a failing `run` @throws StrataError for files that cannot be read */
  async commit(options?: CommitOptions): Promise<Image> {
    const spec = commitSpec(options)
    const { content } = this.#context
    return withStages(spec, async (stages, signal) => {
      const image = await this.#build({ ...spec, signal }, stages)
      const kept = content.image(await content.keep(image, { signal }))
      if (spec.tag !== undefined) await this.#context.tag(kept, spec.tag, signal)
      return kept
    })
  }

  async #build(spec: CommitSpec, stages: Stages): Promise<Image> {
    for (const step of this.#steps) if (step.kind === 'copy' && step.stage !== undefined) stages.begin(step.stage)
    const base = await this.#baseImage(spec.signal, spec.platform)
    const { content, runStep } = this.#context
    const platform = await platformFor(base, spec.platform)
    return carryOut({ ...spec, base, steps: this.#steps, content, runStep, platform, stages })
  }

  /** This builder as something that others copy from. */
  static #stages = new WeakMap<ImageBuilder, Stage>()
  static #stageOf(builder: ImageBuilder): Stage {
    const stage = ImageBuilder.#stages.get(builder) ?? { build: (spec: CommitSpec, stages: Stages) => builder.#build(spec, stages) }
    ImageBuilder.#stages.set(builder, stage)
    return stage
  }

  #with(step: BuildStep): ImageBuilder {
    return new ImageBuilder(this.#context, this.#base, [...this.#steps, step])
  }

  async #baseImage(signal: AbortSignal | undefined, platform: Platform | undefined): Promise<Image | 'scratch' | 'host'> {
    const base = this.#base
    if (typeof base !== 'string') return base
    return base === 'scratch' || base === 'host' ? (base as 'scratch' | 'host') : this.#context.resolve(base, signal, platform)
  }

  #source(from: string | URL | UnionFs, image: CopyOptions['from'], followLinks: boolean): OpenSource {
    if (typeof from !== 'string' && !(from instanceof URL)) {
      if (image !== undefined) throw new TypeError('copy: a union view and options.from cannot go together')
      if (typeof from?.readFile !== 'function') throw new TypeError('copy: from must be a path, a file URL or a union view')
      return async () => unionSource(from, '/', followLinks)
    }
    const path = hostPathOf(from)
    if (path === '' || path.includes('\0')) throw new TypeError('copy: from must be a path')
    if (image === undefined) {
      const absolute = resolve(path)
      return async () => hostSource(absolute, followLinks)
    }
    return async ({ stages, signal }) => {
      const source =
        typeof image === 'string'
          ? await this.#context.resolve(image, signal)
          : image instanceof ImageBuilder
            ? await stages.image(ImageBuilder.#stageOf(image))
            : image
      return unionSource(await UnionFs.of(source), path, followLinks)
    }
  }
}

async function platformFor(base: Image | 'scratch' | 'host', wanted: Platform | undefined): Promise<Platform> {
  if (base === 'scratch' || base === 'host') return wanted ?? hostPlatform()
  const own = await platformOfImage(base)
  if (wanted !== undefined && formatPlatform(wanted) !== formatPlatform(own)) {
    throw new UnsupportedError(`commit: the base image is for ${formatPlatform(own)}, not for ${formatPlatform(wanted)}`, {
      remedy: 'use a base for that platform',
    })
  }
  return own
}
