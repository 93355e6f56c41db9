// The picture of docs/architecture.md as a table: which room may import which. A room that is not here may not exist.

const pure = ['core', 'tar', 'oci', 'compress', 'layer', 'image', 'archive', 'registry', 'unionfs', 'hive', 'windows-layer'] as const
const nodeOnly = ['native', 'content', 'rootfs', 'sandbox', 'builder', 'transfer', 'api'] as const

/** Rooms that must run in a browser: no `node:` but in *.node.ts. */
export const PURE_ROOMS: readonly string[] = pure

/** Room → the rooms it may import, itself aside. */
export const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  tar: ['core'],
  oci: ['core'],
  compress: ['core'],
  hive: ['core'],
  layer: ['core', 'tar', 'oci', 'compress'],
  image: ['core', 'oci', 'compress', 'layer', 'tar'],
  archive: ['core', 'oci', 'tar', 'compress', 'layer', 'image'],
  registry: ['core', 'oci', 'image', 'layer'],
  unionfs: ['core', 'layer', 'image', 'tar', 'compress', 'oci'],
  'windows-layer': ['core', 'tar', 'layer', 'hive'],
  native: ['core'],
  content: ['core', 'native', 'oci', 'compress', 'tar', 'layer', 'image', 'archive'],
  rootfs: ['core', 'native', 'content', 'layer', 'image', 'oci'],
  sandbox: ['core', 'native', 'rootfs', 'content', 'image', 'layer', 'oci', 'hive', 'windows-layer'],
  builder: ['core', 'image', 'layer', 'oci', 'compress', 'tar', 'content', 'sandbox', 'rootfs', 'unionfs', 'windows-layer'],
  transfer: ['core', 'oci', 'image', 'registry', 'content'],
  // Everything but the addon: what needs it is a mechanism, and lies below.
  api: [...pure, ...nodeOnly].filter((room) => room !== 'api' && room !== 'native'),
  vitest: ['core', 'api'],
  windows: ['windows-layer', 'sandbox'],
  testing: ['core', 'oci'],
  cli: ['core', 'api'],
  // src/index.ts itself.
  '': [...pure, 'sandbox', 'builder', 'content', 'api'],
}

/** The rooms with a door to the .node file. */
export const NATIVE_USERS: readonly string[] = ['rootfs', 'sandbox', 'content']
