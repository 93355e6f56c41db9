// The pure subpaths run where there is no Node: they bundle for a browser, name nothing of Node, and load with only the web's globals.
import { createContext, runInContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { bundleForBrowser } from './bundle.js'

/** What a browser's window has and a bare JavaScript engine has not. */
const webGlobals = () => {
  const {
    TextEncoder,
    TextDecoder,
    URL,
    URLSearchParams,
    AbortController,
    AbortSignal,
    ReadableStream,
    WritableStream,
    TransformStream,
    Headers,
    Request,
    Response,
    fetch,
  } = globalThis
  const {
    CompressionStream,
    DecompressionStream,
    crypto,
    performance,
    setTimeout,
    clearTimeout,
    queueMicrotask,
    structuredClone,
    atob,
    btoa,
  } = globalThis
  const streams = { ReadableStream, WritableStream, TransformStream, CompressionStream, DecompressionStream }
  const net = { URL, URLSearchParams, Headers, Request, Response, fetch, AbortController, AbortSignal }
  return {
    TextEncoder,
    TextDecoder,
    crypto,
    performance,
    setTimeout,
    clearTimeout,
    queueMicrotask,
    structuredClone,
    atob,
    btoa,
    ...streams,
    ...net,
  }
}

describe.each(['image', 'unionfs', 'hive', 'registry', 'windows-layer'])('stratabox/%s', (subpath) => {
  it('bundles for a browser, with nothing of Node in it', async () => {
    const { code, externals, errors } = await bundleForBrowser(subpath)
    expect(errors).toEqual([])
    expect(externals).toEqual([])
    expect(code.match(/(\bnode:|\brequire\().{0,80}/g)).toBeNull()
  })

  it('loads without process, Buffer and require, and exports something', async () => {
    const { code, errors } = await bundleForBrowser(subpath)
    expect(errors).toEqual([])
    const context = createContext(webGlobals())
    runInContext(code, context)
    expect(runInContext('Object.keys(entry).length', context)).toBeGreaterThan(0)
  })
})
