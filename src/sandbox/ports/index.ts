export { Ports } from './ports.js'
export type { PublishedPort, PublishOptions, WaitForPortOptions } from './types.js'
