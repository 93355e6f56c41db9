// The examples of docs/store.md and docs/builder.md run as written.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { examplesIn, inProject } from '../support/examples.js'

describe('the example', () => {
  it('of docs/store.md stores, saves, loads and unpacks', async () => {
    const [code, ...others] = examplesIn('docs/store.md')
    expect(others).toEqual([])
    const out = await inProject(code!, (project) => {
      expect(readFileSync(`${project}/tree/hello`, 'utf8')).toBe('hi\n')
    })
    expect(out).toContain('hello:1\nlocalhost:5000/team/hello:1\n')
    expect(out).toContain('{ problems: [] }')
  })

  it('of docs/builder.md builds one image on another', async () => {
    const [code, ...others] = examplesIn('docs/builder.md')
    expect(others).toEqual([])
    const out = await inProject(code!)
    expect(out).toMatch(/^write \/app\/main.js false\n/)
    expect(out.match(/sha256:[0-9a-f]{64}/g)).toHaveLength(2)
  })
})
