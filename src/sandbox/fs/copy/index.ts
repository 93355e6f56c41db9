export { copyIn, copyOut } from './copy.js'
export type { CopyOptions } from './walk.js'
