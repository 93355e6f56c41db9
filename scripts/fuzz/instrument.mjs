// Branch coverage by source rewriting: a call to __branch(n) wherever a program can take one of several ways. What ran is then a map of edges, as AFL keeps it.
import ts from 'typescript'

/** Edges are counted in a map of this many bytes, by their number modulo it. */
export const MAP_SIZE = 1 << 16

/** Runs before the program. Two branches after one another are one edge: the same branch reached by another way counts apart. */
const PRELUDE = `const __edges = globalThis.__edges; let __last = 0;
function __branch(n) { __edges[(__last ^ n) & ${MAP_SIZE - 1}]++; __last = n >> 1 }
`

/** The text of an ECMAScript module, with counters. */
export function instrument(text) {
  const source = ts.createSourceFile('program.mjs', text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS)
  let next = 0
  // Numbers far apart, so that the exclusive or of two seldom meets that of two others.
  const hit = () => {
    const id = Math.imul(++next, 0x9e3779b1) >>> 16
    return ts.factory.createCallExpression(ts.factory.createIdentifier('__branch'), undefined, [ts.factory.createNumericLiteral(id)])
  }
  const counted = (expression) => ts.factory.createParenthesizedExpression(ts.factory.createComma(hit(), expression))
  const led = (statements) => [ts.factory.createExpressionStatement(hit()), ...statements]
  const { transformed } = ts.transform(source, [
    (context) => (file) => {
      const visit = (old) => {
        const node = ts.visitEachChild(old, visit, context)
        if (ts.isBlock(node)) return ts.factory.updateBlock(node, led(node.statements))
        if (ts.isCaseClause(node)) return ts.factory.updateCaseClause(node, node.expression, led(node.statements))
        if (ts.isDefaultClause(node)) return ts.factory.updateDefaultClause(node, led(node.statements))
        if (ts.isIfStatement(node))
          return ts.factory.updateIfStatement(node, node.expression, body(node.thenStatement), body(node.elseStatement))
        if (ts.isForStatement(node))
          return ts.factory.updateForStatement(node, node.initializer, node.condition, node.incrementor, body(node.statement))
        if (ts.isForOfStatement(node))
          return ts.factory.updateForOfStatement(node, node.awaitModifier, node.initializer, node.expression, body(node.statement))
        if (ts.isWhileStatement(node)) return ts.factory.updateWhileStatement(node, node.expression, body(node.statement))
        if (ts.isConditionalExpression(node))
          return ts.factory.updateConditionalExpression(
            node,
            node.condition,
            node.questionToken,
            counted(node.whenTrue),
            node.colonToken,
            counted(node.whenFalse),
          )
        if (ts.isBinaryExpression(node) && SHORT_CIRCUITS.has(node.operatorToken.kind))
          return ts.factory.updateBinaryExpression(node, node.left, node.operatorToken, counted(node.right))
        if (ts.isArrowFunction(node) && !ts.isBlock(node.body))
          return ts.factory.updateArrowFunction(
            node,
            node.modifiers,
            undefined,
            node.parameters,
            undefined,
            node.equalsGreaterThanToken,
            counted(node.body),
          )
        return node
      }
      const body = (statement) =>
        statement === undefined || ts.isBlock(statement) ? statement : ts.factory.createBlock(led([statement]), true)
      return ts.visitEachChild(file, visit, context)
    },
  ])
  return { code: PRELUDE + ts.createPrinter().printFile(transformed[0]), branches: next }
}

const SHORT_CIRCUITS = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
])
