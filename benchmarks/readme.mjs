// The tables in README.md: each group's stands between two marks and carries its own date, machine and command.
import { readFileSync, writeFileSync } from 'node:fs'
import { machineLine } from './machine.mjs'
import { groupMarkdown } from './markdown.mjs'

const path = new URL('README.md', import.meta.url)

/** Replaces the tables of the groups that were measured; a new group's comes last. */
export function updateReadme(result) {
  let text = readFileSync(path, 'utf8')
  for (const group of Object.keys(result.groups)) {
    const [begin, end] = [`<!-- ${group} -->`, `<!-- /${group} -->`]
    const [title, ...rest] = groupMarkdown(result, group).split('\n\n')
    const section = [begin, title, `${machineLine(result.machine)}; \`${result.command}\``, ...rest, end].join('\n\n')
    const [from, to] = [text.indexOf(begin), text.indexOf(end)]
    text = from < 0 ? `${text.trimEnd()}\n\n${section}\n` : text.slice(0, from) + section + text.slice(to + end.length)
  }
  writeFileSync(path, text)
}
