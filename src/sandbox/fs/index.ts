export type { CopyOptions } from './copy/index.js'
export type { FileAccess } from './inside.js'
export { SandboxFs, type SharedCalls } from './sandbox-fs.js'
