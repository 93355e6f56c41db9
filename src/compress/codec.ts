// The codecs of a host that has none of its own. Node uses codec.node.ts behind the #compress import.
export { gunzip } from './gunzip.js'
export { gzip } from './gzip.js'
export { unzstd } from './unzstd.js'
export { zstd } from './zstd.js'
