// References by the grammar of distribution/reference.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FormatError } from '../../src/core/index.js'
import { familiarReference, formatReference, parseReference, withDefaultTag } from '../../src/registry/index.js'

const digest = `sha256:${'0'.repeat(64)}`

describe('parseReference', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine'],
    ['alpine:3', 'docker.io/library/alpine:3'],
    ['team/app', 'docker.io/team/app'],
    ['docker.io/alpine', 'docker.io/library/alpine'],
    ['index.docker.io/library/alpine', 'docker.io/library/alpine'],
    ['localhost/app', 'localhost/app'],
    ['localhost:5000/team/app:1', 'localhost:5000/team/app:1'],
    ['app:5000', 'docker.io/library/app:5000'],
    ['ghcr.io/a/b/c-d_e__f.g:V1.0-x_y', 'ghcr.io/a/b/c-d_e__f.g:V1.0-x_y'],
    ['UPPER/app', 'UPPER/app'],
    ['[::1]:5000/app', '[::1]:5000/app'],
    ['127.0.0.1:5000/app', '127.0.0.1:5000/app'],
    [`app@${digest}`, `docker.io/library/app@${digest}`],
    [`host:1/app:tag@${digest}`, `host:1/app:tag@${digest}`],
    ['a/b', 'docker.io/a/b'],
    [`app:${'t'.repeat(128)}`, `docker.io/library/app:${'t'.repeat(128)}`],
  ])('%s is %s', (text, full) => expect(formatReference(parseReference(text))).toBe(full))

  it.each([
    '',
    ':tag',
    '/app',
    'app:',
    'app@',
    'app@sha256:abc',
    `app@sha512:${'0'.repeat(128)}`,
    'App',
    'host.io/App',
    'a//b',
    'a/',
    'host.io/',
    'a..b',
    'a___b',
    '-a',
    'a-',
    'a b',
    'app:-x',
    'app:a/b',
    'app:a:b',
    'host:port/app',
    'host:123456/app',
    '../etc/passwd',
    'host/../x',
    'https://host/app',
    `app:${'t'.repeat(129)}`,
    'a'.repeat(256),
    'f'.repeat(64),
    'app\n',
  ])('refuses %j', (text) => expect(() => parseReference(text)).toThrow(FormatError))

  it('takes a name of 255 characters and not of 256', () => {
    const name = (length: number) => `h.io/${'a'.repeat(length - 5)}`
    expect(parseReference(name(255)).repository.length).toBe(250)
    expect(() => parseReference(name(256))).toThrow(FormatError)
  })

  it('reads back what it writes', () => {
    const part = fc.stringMatching(/^[a-z0-9]+([._-][a-z0-9]+){0,2}$/)
    const tag = fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/), { nil: undefined })
    const host = fc.constantFrom('docker.io', 'localhost:5000', 'ghcr.io', 'a.b.c:1')
    fc.assert(
      fc.property(host, fc.array(part, { minLength: 2, maxLength: 4 }), tag, (registry, parts, name) => {
        const reference = { registry, repository: parts.join('/'), ...(name === undefined ? {} : { tag: name }) }
        expect(parseReference(formatReference(reference))).toEqual(reference)
        expect(parseReference(familiarReference(reference))).toEqual(reference)
      }),
    )
  })
})

describe('the other forms', () => {
  it.each([
    ['docker.io/library/alpine:3', 'alpine:3'],
    ['docker.io/team/app', 'team/app'],
    ['ghcr.io/library/app', 'ghcr.io/library/app'],
    ['docker.io/library/a/b', 'library/a/b'],
  ])('%s is familiar as %s', (text, familiar) => expect(familiarReference(parseReference(text))).toBe(familiar))

  it('have the tag latest only where neither tag nor digest is given', () => {
    expect(withDefaultTag(parseReference('app')).tag).toBe('latest')
    expect(withDefaultTag(parseReference('app:1')).tag).toBe('1')
    expect(withDefaultTag(parseReference(`app@${digest}`)).tag).toBeUndefined()
  })
})
