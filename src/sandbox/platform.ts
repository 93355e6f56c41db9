// Where commands differ between systems: the shell, what an absolute path is, what every environment has.
import { baseEnvironment } from './job/environment.js'

/** The little that a system decides of a command. */
export interface CommandPlatform {
  /** The arguments for a command that is text. */
  shell(command: string): readonly string[]
  isAbsolute(path: string): boolean
  /** What commands have before the image's, the sandbox's and the call's variables. */
  environment(): Readonly<Record<string, string>>
  /** Where commands start when nothing says otherwise. */
  readonly cwd: string
  /** What `isolation` may be besides left out. */
  readonly isolation: 'namespaces' | 'job'
}

const linux: CommandPlatform = {
  shell: (command) => ['/bin/sh', '-c', command],
  isAbsolute: (path) => path.startsWith('/'),
  environment: () => ({ PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }),
  cwd: '/',
  isolation: 'namespaces',
}

const windows: CommandPlatform = {
  shell: (command) => ['cmd.exe', '/d', '/s', '/c', command],
  isAbsolute: (path) => /^([A-Za-z]:)?[\\/]/.test(path),
  environment: baseEnvironment,
  cwd: '/',
  isolation: 'job',
}

/** The platform of a process. */
export const platformOf = (name: NodeJS.Platform): CommandPlatform => (name === 'win32' ? windows : linux)

/** This process's. */
export const platform: CommandPlatform = platformOf(process.platform)
