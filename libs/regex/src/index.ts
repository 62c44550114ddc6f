export { literalPrefix, quoteRegex } from './literal.ts'
export { compileRegex, Regex, RegexError } from './regex.ts'
export { compileSubstitution, type Substitution } from './substitution.ts'
