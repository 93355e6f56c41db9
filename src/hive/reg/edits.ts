// What a .reg file says, as a list of steps in its own order.

/** One step. Paths are as written, from the predefined key on. `name` is '' for the default value. */
export type RegEdit =
  | { readonly kind: 'create-key' | 'delete-key'; readonly path: string }
  | { readonly kind: 'set-value'; readonly path: string; readonly name: string; readonly type: number; readonly raw: Uint8Array }
  | { readonly kind: 'delete-value'; readonly path: string; readonly name: string }
