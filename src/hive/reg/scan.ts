// The letters of a .reg file, one after the other, with line numbers for errors.
import { FormatError } from '../../core/index.js'

/** A place in the text. */
export class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  /** Steps over `token` if it is next. */
  accept(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  /** What a sticky expression matches here; '' where it does not. */
  match(sticky: RegExp): string {
    sticky.lastIndex = this.#at
    const found = sticky.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  /** The rest of the line. Its end is still to come, so that an error names this line. */
  line(): string {
    return this.match(/[^\r\n]*/y)
  }

  /** White space, empty lines and comments. */
  skipBlank(): void {
    while (this.match(/\s+|;[^\r\n]*/y) !== '');
  }

  /** A quoted string; `\\` and `\"` stand for the second letter, line ends for themselves. */
  quoted(): string {
    if (!this.accept('"')) throw this.fail('a quote is missing')
    let body = ''
    for (;;) {
      // In runs: one expression with alternatives would need a stack frame a letter.
      body += this.match(/[^"\\]+/y)
      if (this.accept('"')) return body
      if (!this.accept('\\') || this.isAtEnd) throw this.fail('the string has no end')
      body += this.#text[this.#at++]
    }
  }

  fail(what: string): FormatError {
    const line = this.#text.slice(0, this.#at).split('\n').length
    return new FormatError(`.reg line ${line}: ${what}`)
  }
}
