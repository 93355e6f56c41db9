export { type JobEvents, type JobLimits, JobObject, type JobObjectOptions, type JobStats } from '../sandbox/index.js'
export {
  FILE_ATTRIBUTE,
  HIVE_NAMES,
  type HiveName,
  type RegistryEdits,
  securityFromSddl,
  securityToSddl,
  type WindowsDirectory,
  type WindowsEntry,
  type WindowsFile,
  type WindowsHardLink,
  WindowsLayer,
  type WindowsLayerOptions,
  type WindowsMetadata,
  type WindowsStream,
  type WindowsSymlink,
  type WindowsWhiteout,
} from '../windows-layer/index.js'
