// How long something keeps the event loop from turning.
//
// A chain of setImmediate calls turns the loop without ever letting it sleep, so two turns lie microseconds apart; whatever runs on the loop's thread
// between them (our own code, a fork inside child_process.spawn, a callback of libuv) shows as a gap. The longest gap between the first call and the last
// result is the longest time that any other timer, socket or request of the program would have been kept waiting. The chain alone is measured as well
// ("nothing"): that is the noise of the machine, below which no figure means anything.

/** Runs `body` and returns the longest gap between two turns of the loop while it ran, in milliseconds. */
export async function longestBlockMs(body) {
  let longest = 0
  let running = true
  let last = performance.now()
  const turn = () => {
    const now = performance.now()
    if (now - last > longest) longest = now - last
    last = now
    if (running) setImmediate(turn)
  }
  // Two turns before the start, so that the chain itself is warm and `last` is fresh.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  last = performance.now()
  setImmediate(turn)
  await body()
  // What ended with the promise is a gap too.
  await new Promise((resolve) => setImmediate(resolve))
  running = false
  return longest
}
