// A reporter of Node's test runner: one line of JSON for each test, for the script that started it (see wine.mjs).
export default async function* reporter(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    // A describe counts by what is in it.
    if (data.details?.type === 'suite' && (type === 'test:pass' || data.details.error?.failureType === 'subtestsFailed')) continue
    const { name, nesting, skip, details } = data
    const error = type === 'test:fail' ? String(details.error?.cause?.stack ?? details.error?.stack ?? details.error) : undefined
    yield `${JSON.stringify({ result: type === 'test:fail' ? 'failed' : skip === undefined ? 'passed' : 'skipped', name, nesting, skip, error })}\n`
  }
}
