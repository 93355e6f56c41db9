export { type SandboxMatchers, sandboxMatchers } from './matchers.js'
export { type SandboxFixtures, sandboxTest } from './sandbox-test.js'
