// The first line of scripts, as the kernel and env read it.
import { describe, expect, it } from 'vitest'
import { envCommand, parseShebang } from '../../../src/builder/program/shebang.js'

const parse = (line: string) => parseShebang(Buffer.from(line), '/script')

describe('the line', () => {
  it.each<[string, string, string | undefined, string]>([
    ['#!/bin/sh\nexit', '/bin/sh', undefined, 'a path alone'],
    ['#!/bin/sh -e -u\n', '/bin/sh', '-e -u', 'all arguments are one'],
    ['#!/bin/sh \t x \t\n', '/bin/sh', 'x', 'blanks around the argument are dropped'],
    ['#!/bin/sh\0more\n', '/bin/sh', undefined, 'NUL ends it'],
    ['#!/bin/sh\r\n', '/bin/sh\r', undefined, 'a carriage return is part of the name, as for the kernel'],
  ])('%j is %j with argument %j (%s)', (line, interpreter, argument, _why) => {
    expect(parse(line)).toEqual({ interpreter, argument })
  })

  it('has its newline within 256 bytes', () => {
    const line = (length: number) => Buffer.from(`#!/${'x'.repeat(length - 4)}\n`.padEnd(300, 'y')).subarray(0, 256)
    expect(parseShebang(line(256), '/s').interpreter).toHaveLength(253)
    expect(() => parseShebang(line(257), '/s')).toThrow(/longer than 256/)
  })
})

describe("env's command", () => {
  it.each([
    ['node', 'node'],
    ['node --flag', 'node --flag'],
    ['-S node --flag', 'node'],
    ['-Snode --flag', 'node'],
    ['-vS node', 'node'],
    ['--split-string=node -x', 'node'],
    ['-S -i A=b -u C "node" -x', 'node'],
    ['-i', undefined],
    [undefined, undefined],
  ])('of %j is %j', (argument, command) => {
    expect(envCommand(argument)).toBe(command)
  })
})
