// Cycles of a directed graph. Source: Tarjan, "Depth-first search and linear graph algorithms" (1972).

/** The strongly connected parts with more than one node, or with an edge to itself, as readable paths. Edges to unknown nodes are left out. */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[] = []
  const visit = (node: string): void => {
    index.set(node, index.size)
    low.set(node, index.get(node)!)
    stack.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue
      if (!index.has(next)) visit(next)
      if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!))
    }
    if (low.get(node) !== index.get(node)) return
    const part = stack.splice(stack.indexOf(node))
    if (part.length > 1 || graph.get(node)?.includes(node)) found.push(part.join(' ⇄ '))
  }
  for (const node of graph.keys()) if (!index.has(node)) visit(node)
  return found
}
