// Command lines and environments for CreateProcess. The cases: Microsoft, "Parsing C command-line arguments". The Windows suite asks the system's own parser.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../../src/core/index.js'
import { commandLine, environmentBlock, quoteArgument, utf16 } from '../../../src/sandbox/job/command-line.js'
import { platformOf } from '../../../src/sandbox/platform.js'

/** CommandLineToArgvW, by its documented rules, for all but the program. */
function parse(line: string): string[] {
  const args: string[] = []
  let at = 0
  while (at < line.length) {
    while (line[at] === ' ' || line[at] === '\t') at++
    if (at >= line.length) break
    let text = ''
    let isQuoted = false
    for (; at < line.length && (isQuoted || (line[at] !== ' ' && line[at] !== '\t')); ) {
      const [slashes = ''] = /^\\*/.exec(line.slice(at)) ?? []
      at += slashes.length
      if (line[at] !== '"') {
        text += slashes
        if (slashes === '') text += line[at++]
        continue
      }
      text += '\\'.repeat(slashes.length >> 1)
      if (slashes.length % 2 === 1) text += '"'
      else isQuoted = !isQuoted
      at++
    }
    args.push(text)
  }
  return args
}

describe('an argument', () => {
  it.each([
    ['plain', 'plain'],
    ['', '""'],
    ['a b', '"a b"'],
    ['a\tb', '"a\tb"'],
    ['C:\\dir\\', 'C:\\dir\\'],
    ['C:\\a dir\\', '"C:\\a dir\\\\"'],
    ['say "hi"', '"say \\"hi\\""'],
    ['\\"', '"\\\\\\""'],
    ['\\\\ x', '"\\\\ x"'],
    ['%PATH%^&', '%PATH%^&'],
  ])('%j is written %s', (argument, quoted) => expect(quoteArgument(argument)).toBe(quoted))

  it('comes back as it was', () => {
    const argument = fc.string({ unit: fc.constantFrom('\\', '"', ' ', '\t', 'a', '\n', '%', 'ü') })
    fc.assert(
      fc.property(fc.array(argument), (args) => {
        expect(parse(args.map(quoteArgument).join(' '))).toEqual(args)
      }),
    )
  })
})

describe('a command line', () => {
  it('quotes a program only by its blanks', () => {
    expect(commandLine(['C:\\Program Files\\x.exe', 'a b'])).toBe('"C:\\Program Files\\x.exe" "a b"')
    expect(commandLine(['x.exe'])).toBe('x.exe')
    expect(() => commandLine(['x".exe'])).toThrow(TypeError)
  })

  it('gives cmd its text unchanged', () => {
    expect(commandLine(platformOf('win32').shell('echo "a b" & dir'))).toBe('cmd.exe /d /s /c "echo "a b" & dir"')
    expect(commandLine(['cmd.exe', '/c', 'a b'])).toBe('cmd.exe /c "a b"')
  })

  it('is refused past what CreateProcess takes', () => {
    expect(commandLine(['x', 'a'.repeat(32_764)])).toHaveLength(32_766)
    expect(() => commandLine(['x', 'a'.repeat(32_765)])).toThrow(UnsupportedError)
  })
})

describe('an environment block', () => {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf16le')

  it('is sorted without regard to case, and a name stands in it once', () => {
    expect(text(environmentBlock({ b: '2', A: '1', Path: 'x', PATH: 'y', gone: undefined }))).toBe('A=1\0b=2\0PATH=y\0\0')
    expect(text(environmentBlock({}))).toBe('\0\0')
    expect(text(environmentBlock({ A: '1', a: undefined }))).toBe('\0\0')
  })

  it('keeps every UTF-16 unit', () => expect([...utf16('a\ud800')]).toEqual([0x61, 0, 0, 0xd8]))
})

describe('a platform', () => {
  it.each([
    ['C:\\x', true],
    ['c:/x', true],
    ['\\x', true],
    ['/x', true],
    ['x', false],
    ['C:x', false],
  ])('of Windows takes %s as absolute: %s', (path, absolute) => expect(platformOf('win32').isAbsolute(path)).toBe(absolute))
})
