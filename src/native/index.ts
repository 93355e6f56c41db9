export type { ChannelBinding, FsBinding, NativeBinding, NativeStat } from './binding.js'
export { native, nativeDirectory, packageRoot } from './load.js'
export { decodeMessage, encodeMessage, INLINE_MAX, OP, type ReceivedStep, type Step, step } from './protocol.js'
