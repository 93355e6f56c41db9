// For CI: builds an image, pushes it, and prints it by digest. `node examples/publish.mjs localhost:5000/team/app:1 ./dist`
import { Store } from 'stratabox'

const [name, directory] = process.argv.slice(2)
if (name === undefined || directory === undefined) {
  console.error('usage: publish.mjs <registry/name:tag> <directory>')
  process.exit(2)
}

const store = await Store.open()
try {
  const image = await store
    .build('scratch')
    .copy(directory, '/app')
    .workdir('/app')
    .label({ 'org.opencontainers.image.revision': process.env.CI_COMMIT_SHA })
    .commit()
  const onEvent = ({ kind, what, digest, how }) => kind === 'done' && console.error(`${what} ${digest} ${how}`)
  const { reference } = await store.push(image, name, { onEvent })
  console.log(reference)
} finally {
  await store.close()
}
