// A vitest reporter that writes what happened to the file $STRATABOX_TEST_REPORT: counts, the titles of failures, and each skipped test with its reason.
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'

export default class CountingReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const report = { passed: 0, failed: [], skipped: [] }
    for (const module of modules) {
      const file = relative(process.cwd(), module.moduleId)
      // A file or a suite that breaks outside of its tests (an import, a hook) is one failure of its own.
      const broken = [module, ...module.children.allSuites()].filter((part) => part.errors().length > 0)
      for (const part of broken) report.failed.push(`${file}${part.type === 'suite' ? ` > ${part.fullName}` : ''} (outside of its tests)`)
      for (const test of module.children.allTests()) {
        const title = `${file} > ${test.fullName}`
        const result = test.result()
        if (result.state === 'passed') report.passed++
        else if (result.state === 'failed') report.failed.push(title)
        else report.skipped.push({ title, reason: result.note ?? 'no reason given' })
      }
    }
    for (const error of unhandledErrors) report.failed.push(`unhandled error: ${error.message}`)
    writeFileSync(process.env.STRATABOX_TEST_REPORT, JSON.stringify(report))
  }
}
