// The pure rooms' code and types compile where neither @types/node nor Node's globals are known.
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { PURE_ROOMS } from '../architecture/rooms.js'

const top = fileURLToPath(new URL('../../', import.meta.url))

it('compiles the pure rooms with the types of the web alone', () => {
  const { config } = ts.readConfigFile(`${top}tsconfig.json`, ts.sys.readFile)
  const paths = { '#hash': ['./src/core/hash.ts'], '#compress': ['./src/compress/codec.ts'], '#spool': ['./src/unionfs/spool.ts'] }
  const compilerOptions = { ...config.compilerOptions, types: [], lib: [...config.compilerOptions.lib, 'DOM', 'DOM.AsyncIterable'], paths }
  const include = PURE_ROOMS.map((room) => `src/${room}/**/*.ts`)
  const { options, fileNames } = ts.parseJsonConfigFileContent({ compilerOptions, include, exclude: ['src/**/*.node.ts'] }, ts.sys, top)
  const program = ts.createProgram(fileNames, options)
  const problems = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line =
      file === undefined || start === undefined
        ? ''
        : `${file.fileName.slice(top.length)}:${file.getLineAndCharacterOfPosition(start).line + 1} `
    return line + ts.flattenDiagnosticMessageText(messageText, '\n')
  })
  expect(problems).toEqual([])
})
