// What the addon exports on Windows, and nothing else. Each function names its Win32 call; errors are SyscallError-shaped and thrown synchronously.

/** A HANDLE, HKEY, HDESK … The caller closes it. */
export type Handle = number

/** Messages of jobs have the codes of JOB_OBJECT_MSG_…; this is the one of a process that ended. */
export const PROCESS_ENDED = 100

/** Job objects. Information travels as bytes: sandbox/job/layouts.ts lays it out. */
export interface JobBinding {
  /** CreateJobObject. A name that is taken is ERROR_ALREADY_EXISTS. */
  createJob(name: string | null): Handle
  openJob(name: string): Handle
  /** SetInformationJobObject. */
  setJob(job: Handle, infoClass: number, bytes: Uint8Array): void
  /** QueryInformationJobObject, at most `maxBytes`; a list that is longer is given as far as it fits. */
  queryJob(job: Handle, infoClass: number, maxBytes: number): Uint8Array
  /** AssignProcessToJobObject. */
  assignProcess(job: Handle, pid: number): void
  terminateJob(job: Handle, exitCode: number): void
  /** SetIoRateControlInformationJobObject; 0: no limit. `volume` null: all. */
  setIoRate(job: Handle, maxOperationsPerSecond: number, maxBytesPerSecond: number, volume: string | null): void
  /** Whom messages go to, set once. `value` is a process id, of PROCESS_ENDED the exit code. Does not keep the event loop alive. */
  onMessage(receiver: (kind: number, key: number, value: number) => void): void
  /** Messages of the job come with `key`. */
  watchJob(job: Handle, key: number): void
  /** PROCESS_ENDED comes with `key`, once. */
  watchProcess(process: Handle, key: number): void
}

/** Processes. */
export interface ProcessBinding {
  /** CreateProcess or, with a token, CreateProcessAsUser: suspended, in the jobs from birth, inheriting exactly the handles named. `environment` is a
   *  UTF-16 block. `mitigation`: PROCESS_CREATION_MITIGATION_POLICY_…, 0 for none. */
  createProcess(
    application: string | null,
    commandLine: string,
    environment: Uint8Array,
    directory: string | null,
    stdio: readonly Handle[],
    jobs: readonly Handle[],
    inherited: readonly Handle[],
    token: Handle,
    desktop: string | null,
    containerSid: Uint8Array | null,
    mitigation: number,
  ): { readonly pid: number; readonly process: Handle; readonly thread: Handle }
  resumeThread(thread: Handle): void
  terminateProcess(process: Handle, exitCode: number): void
  /** GetProcessTimes: [user, kernel] in microseconds. */
  processTimes(process: Handle): [number, number]
  /** NtSuspendProcess or NtResumeProcess. */
  freezeProcess(pid: number, isFrozen: boolean): void
  /** One end of a named pipe, or NUL, to read or to write, synchronous. */
  openStdio(path: string, forWriting: boolean): Handle
  closeHandle(handle: Handle): void
}

/** What a token really is. */
export interface TokenFacts {
  readonly isRestricted: boolean
  /** 4096 low, 8192 medium, 12288 high. */
  readonly integrity: number
  readonly privileges: number
  /** Groups that only deny. */
  readonly denied: readonly string[]
}

/** Walls: tokens, containers, desktops, named objects. */
export interface WallBinding {
  /** CreateRestrictedToken from this process's own. SIDs as bytes. */
  restrictToken(deletePrivileges: boolean, denyOnly: readonly Uint8Array[], restricting: readonly Uint8Array[]): Handle
  setIntegrity(token: Handle, sid: Uint8Array): void
  tokenFacts(token: Handle): TokenFacts
  /** Of the user who runs this process. */
  userSid(): string
  /** CreateAppContainerProfile: its SID. */
  createContainer(name: string): Uint8Array
  deleteContainer(name: string): void
  /** CreateWindowStation and CreateDesktop in it, both with this security descriptor. */
  createDesktop(station: string, desktop: string, security: Uint8Array): [Handle, Handle]
  closeDesktop(station: Handle, desktop: Handle): void
  /** NtCreateDirectoryObject below another (0: the root). */
  createObjectDirectory(parent: Handle, name: string): Handle
  createObjectLink(directory: Handle, name: string, target: string): Handle
  /** NtCreateEvent; a name that is taken is an error. */
  createEvent(directory: Handle, name: string): Handle
}

/** Files, beyond what FsBinding has. */
export interface WindowsFileBinding {
  /** Both times, the second that of access. */
  utimensat(dirFd: number, path: Uint8Array, mtimeNs: bigint, atimeNs: bigint): void
  /** GetFinalPathNameByHandle: where a descriptor's file is. */
  finalPath(fd: number): string
  /** SetFileSecurity: the parts of a security descriptor that `parts` (SECURITY_INFORMATION) names. */
  setFileSecurity(path: string, parts: number, security: Uint8Array): void
  /** GetFileSecurity: these parts as they are now. */
  fileSecurity(path: string, parts: number): Uint8Array
}

/** The registry. */
export interface RegistryBinding {
  createKey(parent: Handle, path: string, options: number): Handle
  openKey(parent: Handle, path: string, options: number, access: number): Handle
  setKeyValue(key: Handle, name: string, type: number, bytes: Uint8Array): void
  subkeys(key: Handle): string[]
  keyValues(key: Handle): [name: string, type: number, bytes: Uint8Array][]
  deleteKeyTree(key: Handle, path: string): void
  /** NtDeleteKey: the key itself, a link as well. */
  deleteKeyLink(key: Handle): void
  closeKey(key: Handle): void
  /** RegLoadAppKey. */
  loadHive(file: string): Handle
  /** RegOverridePredefKey in a process that has not begun to run: `key` must be a handle that it inherits. */
  overrideKey(process: Handle, thread: Handle, predefined: number, key: Handle): void
}

/** The whole addon on Windows. */
export interface WindowsBinding extends JobBinding, ProcessBinding, WallBinding, WindowsFileBinding, RegistryBinding {
  /** The version of Wine; undefined on Windows itself. */
  wineVersion(): string | undefined
}
