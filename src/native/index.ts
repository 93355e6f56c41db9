export type { ChannelBinding, FsBinding, NativeBinding, NativeStat } from './binding.js'
export { native, nativeDirectory, nativeWindows, packageRoot } from './load.js'
export { decodeMessage, encodeMessage, INLINE_MAX, OP, type ReceivedStep, type Step, step } from './protocol.js'
export { type Handle, PROCESS_ENDED, type TokenFacts, type WindowsBinding } from './windows-binding.js'
