export type { RegistryAccess } from './access.js'
export type { RegistryRequest } from './exchange.js'
export type { Fault, FaultKind, FaultTarget } from './faults.js'
export { TestRegistry, type TestRegistryOptions } from './test-registry.js'
