// A host process that is killed in the midst of its work: a sandbox with a tree of processes and files. It tells their ids.
import { Sandbox, Store } from '../../src/index.js'

const [, , path = '', helper = ''] = process.argv
const box = await Sandbox.create({ store: await Store.open({ path }), network: 'host' })
await box.run('mkdir left&& echo x> left\\file')
const tree = await box.spawn([helper, 'tree'])
process.stdout.write(`${await tree.waitForLine(/^\d+ \d+/)}\n`)
await tree.wait()
