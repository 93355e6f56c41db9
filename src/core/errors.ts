// The error taxonomy of the whole library: one branded base class, one subclass per kind of failure.

const BRAND = Symbol.for('stratabox.error')
const KIND = Symbol.for('stratabox.error.kind')

/** What every stratabox error can carry beside its message. */
export interface StrataErrorOptions extends ErrorOptions {
  /** A stable string to switch on, such as `ERR_UNSUPPORTED`. */
  readonly code?: string
  /** What the user can do about it, as one sentence. */
  readonly remedy?: string
}

/** Base of all errors that stratabox throws. `instanceof` works across copies of the package (the check is a brand, not a prototype). */
export class StrataError extends Error {
  /** A stable string to switch on: `ERR_…`, or an errno's name such as `ENOENT`. */
  readonly code: string
  /** What the user can do about it; undefined where nothing better than the message is known. */
  readonly remedy: string | undefined

  constructor(message: string, options: StrataErrorOptions = {}) {
    super(
      options.remedy === undefined ? message : `${message} (${options.remedy})`,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = options.code ?? 'ERR_STRATABOX'
    this.remedy = options.remedy
    Object.defineProperty(this, BRAND, { value: true })
    const kinds: string[] = []
    for (let c: unknown = new.target; typeof c === 'function' && c !== Error; c = Object.getPrototypeOf(c))
      kinds.push((c as { kind?: string }).kind ?? '')
    Object.defineProperty(this, KIND, { value: kinds })
  }

  /** The class's name as a string that survives minifiers and second copies of the package. */
  static readonly kind: string = 'StrataError'

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null || !(BRAND in value)) return false
    const kinds = (value as { [KIND]?: readonly string[] })[KIND]
    return kinds?.includes((this as unknown as typeof StrataError).kind) === true
  }

  override get name(): string {
    return (this.constructor as typeof StrataError).kind
  }
}

/** The host cannot do what was asked. Thrown before anything starts. `code` is `ERR_UNSUPPORTED`. */
export class UnsupportedError extends StrataError {
  static override readonly kind: string = 'UnsupportedError'
  constructor(message: string, options: StrataErrorOptions = {}) {
    super(message, { code: 'ERR_UNSUPPORTED', ...options })
  }
}

/** The sandbox, store or process was closed before or during the call. `code` is `ERR_CLOSED`. */
export class ClosedError extends StrataError {
  static override readonly kind: string = 'ClosedError'
  constructor(message: string, options: StrataErrorOptions = {}) {
    super(message, { code: 'ERR_CLOSED', ...options })
  }
}

/** A time limit passed. `code` is `ERR_TIMEOUT`. */
export class TimeoutError extends StrataError {
  static override readonly kind: string = 'TimeoutError'
  constructor(message: string, options: StrataErrorOptions = {}) {
    super(message, { code: 'ERR_TIMEOUT', ...options })
  }
}

/** A command with `reject: true` (or a build step) failed. `result` is what it left. `code` is `ERR_EXIT`. */
export class ExitError<R = unknown> extends StrataError {
  static override readonly kind: string = 'ExitError'
  readonly result: R
  constructor(message: string, result: R, options: StrataErrorOptions = {}) {
    super(message, { code: 'ERR_EXIT', ...options })
    this.result = result
  }
}

/** A system call failed. `code` is the errno's name. Source: errno(3). */
export class SyscallError extends StrataError {
  static override readonly kind: string = 'SyscallError'
  /** The errno as a positive number. */
  readonly errno: number
  readonly syscall: string
  readonly path: string | undefined
  /** Which part of the work it was: the room of the supervisor (`mnt`, `cgroup`, `exec` …). */
  readonly step: string | undefined
  constructor(
    at: { errno: number; code: string; syscall: string; path?: string | undefined; step?: string | undefined; message?: string },
    options: StrataErrorOptions = {},
  ) {
    const where = at.path === undefined ? '' : ` '${at.path}'`
    super(at.message ?? `${at.code}: ${at.syscall}${where}${at.step === undefined ? '' : ` [${at.step}]`}`, { ...options, code: at.code })
    this.errno = at.errno
    this.syscall = at.syscall
    this.path = at.path
    this.step = at.step
  }
}

/** Input that is not what its format demands. `code` is `ERR_FORMAT`. */
export class FormatError extends StrataError {
  static override readonly kind: string = 'FormatError'
  /** Byte offset in the input, for binary formats. */
  readonly offset: number | undefined
  /** JSON path such as `$.layers[0].digest`, for JSON documents. */
  readonly jsonPath: string | undefined
  constructor(message: string, options: StrataErrorOptions & { offset?: number; jsonPath?: string } = {}) {
    const where =
      options.jsonPath !== undefined ? `${options.jsonPath}: ` : options.offset !== undefined ? `at byte ${options.offset}: ` : ''
    super(`${where}${message}`, { code: 'ERR_FORMAT', ...options })
    this.offset = options.offset
    this.jsonPath = options.jsonPath
  }
}

/** Bytes do not have the digest (or size) they were said to have. `code` is `ERR_DIGEST_MISMATCH`. */
export class DigestMismatchError extends StrataError {
  static override readonly kind: string = 'DigestMismatchError'
  readonly expected: string
  readonly actual: string
  constructor(expected: string, actual: string, what: string, options: StrataErrorOptions = {}) {
    super(`${what}: expected ${expected}, got ${actual}`, { code: 'ERR_DIGEST_MISMATCH', ...options })
    this.expected = expected
    this.actual = actual
  }
}

/** A registry answered with an error. `code` is `ERR_REGISTRY`. Source: distribution-spec, "Error Codes". */
export class RegistryError extends StrataError {
  static override readonly kind: string = 'RegistryError'
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** The registry's own codes, such as `NAME_UNKNOWN`. */
  readonly codes: readonly string[]
  constructor(message: string, status: number, codes: readonly string[] = [], options: StrataErrorOptions = {}) {
    super(message, { code: 'ERR_REGISTRY', ...options })
    this.status = status
    this.codes = codes
  }
}

/** A file operation failed inside a sandbox or a union view; the shape of Node's own fs errors. */
export class FsError extends StrataError {
  static override readonly kind: string = 'FsError'
  readonly errno: number
  readonly syscall: string
  readonly path: string | undefined
  readonly dest: string | undefined
  constructor(
    at: { code: string; errno: number; syscall: string; path?: string | undefined; dest?: string | undefined; message?: string },
    options: StrataErrorOptions = {},
  ) {
    const target = at.dest === undefined ? '' : ` -> '${at.dest}'`
    super(`${at.code}: ${at.message ?? 'operation failed'}, ${at.syscall}${at.path === undefined ? '' : ` '${at.path}'`}${target}`, {
      ...options,
      code: at.code,
    })
    this.errno = at.errno
    this.syscall = at.syscall
    this.path = at.path
    this.dest = at.dest
  }
}
