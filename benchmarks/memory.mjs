// How much memory of the machine is in use, kernel and programs, without what it can give back at once.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** proc_meminfo(5): all but free pages and the page cache. Slabs count as used, reclaimable or not: directory entries of control groups are such. */
export function usedKib() {
  const text = readFileSync('/proc/meminfo', 'utf8')
  const field = (name) => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)[1])
  return field('MemTotal') - field('MemFree') - field('Buffers') - field('Cached') + field('Shmem')
}

/** The median of some looks: the machine is never quite still. */
export async function settledKib() {
  const looks = []
  for (let k = 0; k < 9; k++) {
    looks.push(usedKib())
    await sleep(40)
  }
  return looks.sort((a, b) => a - b)[4]
}
