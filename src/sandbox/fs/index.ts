export type { CopyOptions } from './copy/index.js'
export type { FileAccess } from './inside.js'
export { OpenFiles } from './open-files.js'
export { SandboxFs, type SharedCalls } from './sandbox-fs.js'
