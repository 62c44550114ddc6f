/** Often enough for the engine to remember how it found what was read. */
const reads = 1_000

/**
 * Makes the engine find the methods of strings quickly again. Whoever declares a class that extends `String`, as the Redis
 * client does, makes V8 keep `String.prototype` as a hash table, and from then on compiled code looks every method up anew:
 * a tenth of what a forwarded request costs. To read through an object that inherits from it, until the engine remembers
 * that, undoes it. Called by whoever imports such a library, after the import.
 */
export function keepStringsFast(): void {
  const heir: { readonly slice: unknown } = Object.create(String.prototype)
  for (let read = 0; read < reads; read++) sliceOf(heir)
}

function sliceOf(heir: { readonly slice: unknown }): unknown {
  return heir.slice
}
