// The store that sandboxes use when none was named: opened when first needed, once for the process.
import { Store } from './store.js'

let opened: Promise<Store> | undefined

/** `Store.open()`, shared. A failed opening is tried again by the next caller. */
export function defaultStore(): Promise<Store> {
  opened ??= Store.open().catch((error) => {
    opened = undefined
    throw error
  })
  return opened
}
