export type { ProgramFile } from './program-file.js'
export { type ProgramOptions, programFiles } from './program-files.js'
