// The rules of .dockerignore, as Docker's own documentation and its pattern matcher have them.
import { describe, expect, it } from 'vitest'
import { compileIgnore } from '../../src/builder/ignore.js'

describe('a pattern', () => {
  it.each([
    // patterns, ignored, taken
    [['foo'], ['foo', 'foo/bar', 'foo/a/b'], ['foobar', 'a/foo']],
    [['/foo'], ['foo'], ['a/foo']],
    [['foo/'], ['foo', 'foo/bar'], ['fo']],
    [['./foo/../bar'], ['bar', 'bar/x'], ['foo']],
    [['.'], [], ['a', 'a/b']],
    [['*/temp*'], ['a/temporary.txt', 'a/temp', 'a/temp/x'], ['temp', 'a/b/temp']],
    [['temp?'], ['tempa', 'tempb'], ['temp', 'tempab', 'temp/']],
    [['**/*.go'], ['a.go', 'a/b.go', 'a/b/c.go'], ['a.gox']],
    [['a/**'], ['a/b', 'a/b/c'], ['a', 'ab']],
    [['a/**/b'], ['a/b', 'a/x/b', 'a/x/y/b/c'], ['ab', 'a/xb']],
    [['**'], ['a', 'a/b'], []],
    [['*.md', '!README.md'], ['a.md'], ['README.md', 'a/b.md']],
    [
      ['*.md', '!README*.md', 'README-secret.md'],
      ['a.md', 'README-secret.md'],
      ['README.md', 'README-x.md'],
    ],
    [['*.md', 'README-secret.md', '!README*.md'], ['a.md'], ['README.md', 'README-secret.md']],
    [
      ['dir', '!dir/keep'],
      ['dir', 'dir/x'],
      ['dir/keep', 'dir/keep/y'],
    ],
    [['  spaced  '], ['spaced'], ['  spaced  ']],
    [['! a', 'a'], ['a'], []],
    [['a', ' ! a '], [], ['a']],
    [['# comment', ''], [], ['# comment', '# ']],
    [[' # no comment'], ['# no comment'], ['x']],
    [['[a-c]x'], ['ax', 'cx'], ['dx', '-x']],
    [['[^a]x'], ['bx'], ['ax']],
    [['[!a]x'], ['ax', '!x'], ['bx']],
    [['[\\]a]x'], [']x', 'ax'], ['\\x']],
    [['[[]x'], ['[x'], ['x']],
    [
      ['\\*x', 'a\\?'],
      ['*x', 'a?'],
      ['ax', 'ab'],
    ],
    [['a.b(c)+'], ['a.b(c)+'], ['axb(c)+', 'a.bcc']],
    [['a\r'], ['a'], []],
    [['ü?'], ['üx'], ['ux']],
  ])('%j ignores %j and not %j', (patterns, ignored, taken) => {
    const ignore = compileIgnore(patterns)
    expect(ignored.filter((path) => !ignore.ignores(path))).toEqual([])
    expect(taken.filter((path) => ignore.ignores(path))).toEqual([])
  })

  it.each([[['[a']], [['[b-a]']], [['x', 5 as never]]])('%j is refused', (patterns) => {
    expect(() => compileIgnore(patterns)).toThrow(TypeError)
  })

  it('takes no longer than linear time in the path for stars in a row', () => {
    const ignore = compileIgnore(['**/a*/**/b*/**/c*/d'])
    expect(ignore.ignores('a/'.repeat(400))).toBe(false)
  })
})
