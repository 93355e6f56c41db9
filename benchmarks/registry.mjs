// A registry in a process of its own, on loopback: Debian's docker-registry where it is installed, else the test registry, both over a directory.
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { missingCommands } from '../scripts/peers.mjs'

/** The registry that `startRegistry` starts. */
export const registryName = () => (missingCommands([{ command: 'docker-registry' }]).length === 0 ? 'docker-registry' : 'the test registry')

const OURS = `import { TestRegistry } from 'stratabox/registry/testing'
await TestRegistry.start({ directory: process.argv[1], port: Number(process.argv[2]) })`

/** Starts one over an empty directory. Resolves to { host, stop }. */
export async function startRegistry(directory) {
  mkdirSync(directory, { recursive: true })
  const port = await freePort()
  const isDebian = registryName() === 'docker-registry'
  const child = isDebian
    ? debian(directory, port)
    : spawn(process.execPath, ['--input-type=module', '-e', OURS, directory, String(port)], { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('close', resolve))
  for (let tries = 0; !(await answers(port)); tries++) {
    if (child.exitCode !== null || tries > 500) throw new Error(`${registryName()} did not start`)
    await sleep(20)
  }
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return { host: `127.0.0.1:${port}`, stop }
}

function debian(directory, port) {
  const path = join(directory, 'config.yml')
  const lines = [
    'version: 0.1',
    'log: { level: error, accesslog: { disabled: true } }',
    `storage: { filesystem: { rootdirectory: ${directory}/data } }`,
  ]
  writeFileSync(path, [...lines, `http: { addr: "127.0.0.1:${port}" }`, ''].join('\n'))
  // It takes variables that begin with REGISTRY_ for parts of its configuration.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('REGISTRY_')))
  return spawn('docker-registry', ['serve', path], { stdio: 'ignore', env })
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    }).once('error', () => resolve(false))
  })
}
