import { inspect } from 'node:util'
import { tests } from '@bufbuild/cel-spec/testdata/conformance.js'
import { compile } from './src/compile.ts'
import { defaultLimits } from './src/limits.ts'
import { viewOf } from './src/request-view.ts'
import { sampleFacts } from './src/sample-facts.ts'

const view = viewOf(sampleFacts())
const flat = (s, path = []) => [
  ...(s.tests ?? []).map((t) => ({ path: [...path, s.name], t: t.original })),
  ...(s.suites ?? []).flatMap((x) => flat(x, [...path, s.name])),
]
const all = flat(tests)
console.log(all.length, inspect(all[0], { depth: 9 }))
const plain = (v) => {
  if (v === undefined) return true
  const k = Object.keys(v)[0]
  const x = v[k]
  switch (k) {
    case 'int64Value':
      return BigInt(x)
    case 'uint64Value':
      return 'u' + x
    case 'doubleValue':
      return typeof x === 'number'
        ? x
        : x === 'NaN'
          ? NaN
          : x === 'Infinity'
            ? Infinity
            : x === '-Infinity'
              ? -Infinity
              : Number(x)
    case 'boolValue':
    case 'stringValue':
      return x
    case 'nullValue':
      return null
    case 'bytesValue':
      return 'b' + x
    case 'listValue':
      return (x.values ?? []).map(plain)
    case 'mapValue':
      return new Map((x.entries ?? []).map((e) => [String(plain(e.key)), plain(e.value)]))
    case 'typeValue':
      return 'T' + x
    default:
      return { k, x: JSON.stringify(x) }
  }
}
const norm = (v) => {
  if (v instanceof Map) return new Map([...v].map(([k, x]) => [String(k), norm(x)]))
  if (Array.isArray(v)) return v.map(norm)
  if (v instanceof Uint8Array) return 'b' + Buffer.from(v).toString('base64')
  if (v && typeof v === 'object') {
    if (v.constructor === Object) return new Map(Object.entries(v).map(([k, x]) => [k, norm(x)]))
    if (v.constructor.name === 'UnsignedInt') return 'u' + v.value
    if (v.constructor.name === 'Type') return 'T' + v.name
    if (v instanceof Date) return { k: 'ts', x: v.toISOString() }
    return { k: v.constructor.name, x: String(v) }
  }
  return v
}
const res = {}
const fails = []
for (const { path, t } of all) {
  const file = path[1]
  const r = (res[file] ??= { pass: 0, fail: 0, skip: 0 })
  if (t.bindings || t.typeEnv || t.container || t.unknown || t.anyUnknowns || t.disableCheck) {
    r.skip++
    continue
  }
  let got, err
  try {
    got = norm(compile(t.expr, 'request', defaultLimits).run(view))
  } catch (e) {
    err = e
  }
  let ok
  if (t.evalError) ok = !!err
  else if (err) ok = false
  else {
    ok = inspect(plain(t.value), { depth: 20 }) === inspect(got, { depth: 20 }) || Object.is(plain(t.value), got)
  }
  if (ok) r.pass++
  else {
    r.fail++
    fails.push(
      path.slice(1).join('/') +
        '/' +
        t.name +
        ' | ' +
        t.expr.replace(/\n/g, ' ').slice(0, 140) +
        ' | want ' +
        (t.evalError ? 'ERR' : inspect(plain(t.value), { depth: 5, breakLength: 1000 }).slice(0, 80)) +
        ' | got ' +
        (err
          ? err.constructor.name + ' ' + err.message.slice(0, 120)
          : inspect(got, { breakLength: 1000 }).slice(0, 80)),
    )
  }
}
console.table(res)
;(await import('node:fs')).writeFileSync('/tmp/conf-fails.txt', fails.join('\n'))
console.log(fails.length)
