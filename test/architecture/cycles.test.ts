// The cycle finder finds cycles: without this, a bug in it would look like a clean house.
import { expect, it } from 'vitest'
import { cycles } from './cycles.js'

const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges))

it.each<[Record<string, string[]>, string[], string]>([
  [{ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, [], 'a diamond'],
  [{ a: ['a'] }, ['a'], 'an edge to itself'],
  [{ a: ['b'], b: ['a'] }, ['a ⇄ b'], 'two that know each other'],
  [{ a: ['b'], b: ['c'], c: ['d'], d: ['b'] }, ['b ⇄ c ⇄ d'], 'a tail into a ring'],
  [{ a: ['elsewhere'] }, [], 'an edge out of the graph'],
])('finds in %j: %j (%s)', (edges, expected) => {
  expect(cycles(graph(edges))).toEqual(expected)
})
