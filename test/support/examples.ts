// The examples of a page, run as they stand there: in a fresh project that has stratabox installed.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

/** JavaScript blocks of a page that stand for themselves: those that import something. */
export const examplesIn = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/```(?:js|ts)\n([\s\S]*?)```/g)]
    .map(([, code]) => code as string)
    .filter((code) => /^import /m.test(code))

/** Runs a module in a fresh project and gives what it prints; `look` sees the project before it is removed. */
export async function inProject(code: string, look: (project: string) => void = () => undefined): Promise<string> {
  const project = mkdtempSync(join(tmpdir(), 'stratabox-docs-'))
  try {
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(root, join(project, 'node_modules', 'stratabox'))
    mkdirSync(join(project, 'dist'))
    writeFileSync(join(project, 'dist', 'main.js'), 'console.log("hello from", process.env.NODE_ENV)\n')
    writeFileSync(join(project, 'example.mjs'), code)
    const { stdout } = await run(process.execPath, ['example.mjs'], {
      cwd: project,
      env: { ...process.env, XDG_DATA_HOME: join(project, 'data') },
    })
    look(project)
    return stdout
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}
