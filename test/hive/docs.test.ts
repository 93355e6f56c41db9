// The examples of docs/hive.md run as written, and print what the page says.
import { expect, it } from 'vitest'
import { examplesIn, inProject } from '../support/examples.js'

const [tour, shapes, recovery, layers, errors, ...others] = examplesIn('docs/hive.md')
const linesOf = async (code: string | undefined) => (await inProject(code!)).trimEnd().split(/\r?\n/)

it('each example is run here', () => {
  expect(errors).toBeDefined()
  expect(others).toEqual([])
})

it('the first layers a hive, imports, exports and makes the delta again', async () => {
  expect(await linesOf(tour)).toEqual([
    'modify Vendor\\App',
    'Windows Registry Editor Version 5.00',
    '',
    '[HKEY_LOCAL_MACHINE\\SOFTWARE]',
    '',
    '[HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor]',
    '',
    '[HKEY_LOCAL_MACHINE\\SOFTWARE\\Vendor\\App]',
    '"Level"=dword:00000003',
    '',
    '',
    '1',
  ])
  expect(tour!.trimEnd().split('\n').length).toBeLessThanOrEqual(17)
})

it('the shapes of keys and values come back from the file', async () => {
  expect(await linesOf(shapes)).toEqual([
    'Software\\Vendor a class 2024-01-02T03:04:05.000Z 133486382450000000n',
    "\"Paths\" REG_MULTI_SZ [ 'C:\\\\a', 'C:\\\\b' ] 22",
    '"Count" REG_QWORD 1099511627776n 8',
    '"" REG_SZ the default value 36',
    '"Odd" 4 Uint8Array(3) [ 1, 2, 3 ] 3',
  ])
})

it('a dirty hive without logs is read with a warning', async () => {
  expect(await linesOf(recovery)).toEqual(["3 [ 'the base block has a wrong checksum, and no log fits' ]"])
})

it('layers hide and keep what the table says', async () => {
  expect(await linesOf(layers)).toEqual(['Gone tombstone false', 'Kept merge true', "[ 'Kept' ] Kept\\New Gone\\Deep"])
})

it('errors are typed', async () => {
  const [format, range] = await linesOf(errors)
  expect(format).toMatch(/^FormatError ERR_FORMAT .*not a registry hive/)
  expect(range).toMatch(/^RangeError undefined /)
})
