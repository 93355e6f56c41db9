// What no Windows program can do without: where the system lies. Nothing else of this process's environment.
const NEEDED = ['SystemRoot', 'SystemDrive', 'windir', 'ComSpec', 'PATHEXT', 'NUMBER_OF_PROCESSORS', 'PROCESSOR_ARCHITECTURE', 'OS']

/** The variables of the system, and a PATH that leads to its own programs alone. */
export function baseEnvironment(): Record<string, string> {
  const own = Object.fromEntries(NEEDED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
  const root = process.env['SystemRoot'] ?? process.env['windir'] ?? 'C:\\Windows'
  const path = ['System32', '', 'System32\\Wbem', 'System32\\WindowsPowerShell\\v1.0'].map((folder) =>
    folder === '' ? root : `${root}\\${folder}`,
  )
  return { ...own, PATH: path.join(';') }
}
