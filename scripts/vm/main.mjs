// In the virtual machine: runs the test files named in its arguments and prints the report, for the host to find, on a line of its own.
import { main } from 'vitest'

const [name, ...files] = process.argv.slice(2)
process.on('unhandledRejection', (error) => {
  console.log(error)
  console.log(`STRATABOX-VM ${JSON.stringify({ name, passed: 0, failed: [`unhandled error: ${error?.message}`], skipped: [] })}`)
  process.exit(1)
})
console.log(`\nSTRATABOX-VM ${JSON.stringify({ name, ...(await main(files)) })}`)
process.exit(0)
