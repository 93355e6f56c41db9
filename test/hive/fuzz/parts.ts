// Several files as one input of the fuzzer: 0 what they are, four letters · 4 and 8 lengths of the first two · 12 spare · 16 the files, the third to the end.

/** LOGS: a hive and two logs. LAYR: a base and two deltas. TEXT: a hive and .reg text for it. Anything else is a hive by itself. */
export type Kind = 'LOGS' | 'LAYR' | 'TEXT'
const KINDS: readonly string[] = ['LOGS', 'LAYR', 'TEXT']
const HEADER = 16

/** What an input holds. */
export interface Parts {
  readonly kind: Kind | undefined
  readonly files: readonly [Buffer, Buffer, Buffer]
}

/** The files of an input, without a copy; lengths that are wrong give shorter ones. */
export function split(bytes: Uint8Array): Parts {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const kind = input.toString('latin1', 0, 4)
  const none = input.subarray(0, 0)
  if (input.length < HEADER || !KINDS.includes(kind)) return { kind: undefined, files: [input, none, none] }
  const first = Math.min(input.length, HEADER + input.readUInt32LE(4))
  const second = Math.min(input.length, first + input.readUInt32LE(8))
  return { kind: kind as Kind, files: [input.subarray(HEADER, first), input.subarray(first, second), input.subarray(second)] }
}

/** The input that `split` takes apart. */
export function join(kind: Kind, ...files: readonly [Uint8Array, Uint8Array, Uint8Array?]): Buffer {
  const header = Buffer.alloc(HEADER)
  header.write(kind, 'latin1')
  header.writeUInt32LE(files[0].length, 4)
  header.writeUInt32LE(files[1].length, 8)
  return Buffer.concat([header, ...files.filter((file) => file !== undefined)])
}
