// The two ways in which a published connection's bytes are passed on, against one contract: the addon's, and that of streams where the addon cannot.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { forward } from '../../../src/sandbox/ports/forward.js'
import { RelayGroup } from '../../../src/sandbox/ports/relay.js'
import { openFds } from '../../support/residue.js'

/** The two ends of one connection. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const one = connect({ port: (server.address() as { port: number }).port, host: '127.0.0.1', allowHalfOpen: true })
  const [other] = await accepted
  if (one.connecting) await once(one, 'connect')
  server.close()
  for (const socket of [one, other]) {
    socket.on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
  }
  return [one, other]
}

/** What a socket says up to its end, or up to what broke it. */
const heard = (socket: Socket): Promise<{ bytes: Buffer; end: string }> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = []
    const settle = (end: string) => resolve({ bytes: Buffer.concat(chunks), end })
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', () => settle('end'))
      .on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? ''))
      .on('close', () => settle('close'))
  })

const group = new RelayGroup()
const WAYS: readonly [string, (outer: Socket, inner: Socket) => void][] = [
  ['the addon', (outer, inner) => group.join(outer, inner)],
  ['streams', forward],
]

describe.each(WAYS)('passing on by %s', (_, join) => {
  /** A client and a server with the passing on between them. */
  async function joined(): Promise<[Socket, Socket]> {
    const [[client, outer], [server, inner]] = await Promise.all([pair(), pair()])
    join(outer, inner)
    return [client, server]
  }

  it('takes bytes both ways at once, in order, and each end of file for itself', async () => {
    const [client, server] = await joined()
    const bytes = Buffer.from(Array.from({ length: 3_000_001 }, (_, k) => (k * 7 + (k >> 8)) & 0xff))
    const answers = Promise.all([heard(client), heard(server)])
    client.write(bytes)
    client.end('!')
    server.write(bytes)
    await sleep(100)
    server.end('?')
    const [atClient, atServer] = await answers
    expect([atServer.end, atClient.end]).toEqual(['end', 'end'])
    expect(atServer.bytes.equals(Buffer.concat([bytes, Buffer.from('!')]))).toBe(true)
    expect(atClient.bytes.equals(Buffer.concat([bytes, Buffer.from('?')]))).toBe(true)
  })

  it('goes on one way after the other has ended', async () => {
    const [client, server] = await joined()
    const atServer = heard(server)
    client.end('question')
    expect((await atServer).bytes.toString()).toBe('question')
    const atClient = heard(client)
    for (const word of ['slow ', 'answer']) {
      await sleep(30)
      server.write(word)
    }
    server.end()
    expect(await atClient).toEqual({ bytes: Buffer.from('slow answer'), end: 'end' })
  })

  it('takes single bytes without waiting for more', async () => {
    const [client, server] = await joined()
    server.on('data', (chunk) => server.write(chunk))
    for (let k = 0; k < 50; k++) {
      client.write('x')
      await once(client, 'data')
    }
  })

  it.each(['client', 'server'])('passes on a reset of the %s', async (which) => {
    const [client, server] = await joined()
    const [broken, other] = which === 'client' ? [client, server] : [server, client]
    const atOther = heard(other)
    broken.write('x')
    await once(other, 'data')
    broken.resetAndDestroy()
    expect((await atOther).end).toBe('ECONNRESET')
  })

  it('leaves no descriptor when both have ended', async () => {
    const before = openFds()
    for (let k = 0; k < 20; k++) {
      const [client, server] = await joined()
      const both = Promise.all([heard(client), heard(server)])
      client.end('a')
      server.end('b')
      await both
      client.destroy()
      server.destroy()
    }
    for (let k = 0; openFds() > before + 2 && k < 100; k++) await sleep(20)
    // The addon's thread has two of its own.
    expect(openFds()).toBeLessThanOrEqual(before + 2)
  })
})

it('closing a group ends its connections, and no others', async () => {
  const [one, two] = [new RelayGroup(), new RelayGroup()]
  const made = await Promise.all(
    [one, two].map(async (group) => {
      const [[client, outer], [server, inner]] = await Promise.all([pair(), pair()])
      group.join(outer, inner)
      return { client, server }
    }),
  )
  const ended = heard(made[0]!.client)
  one.close()
  expect((await ended).end).toBe('end')
  made[1]!.client.write('still there')
  const [chunk] = await once(made[1]!.server, 'data')
  expect(String(chunk)).toBe('still there')
  two.close()
})

it('leaves to streams what has been read from already', async () => {
  const [[client, outer], [server, inner]] = await Promise.all([pair(), pair()])
  client.write('early')
  outer.resume()
  const [first] = await once(outer, 'data')
  expect(String(first)).toBe('early')
  outer.pause()
  group.join(outer, inner)
  expect(outer.destroyed).toBe(false)
  client.end('late')
  expect((await heard(server)).bytes.toString()).toBe('late')
})
