// The directories in which a sandbox's control groups are.
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Of the sandbox with this id, wherever below /sys/fs/cgroup. */
export function groupParents(id) {
  const found = []
  const look = (directory) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue
      const path = join(directory, entry.name)
      if (entry.name === `stratabox-${id}`) found.push(dirname(path))
      else look(path)
    }
  }
  look('/sys/fs/cgroup')
  return found
}
