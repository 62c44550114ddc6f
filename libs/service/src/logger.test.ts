import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLogger, setLogLevel } from './logger.ts'

function recorder() {
  const lines: string[] = []
  return { lines, out: { write: (line: string) => void lines.push(line) } }
}

describe('the JSON log', () => {
  test('writes one object a line with time, level word, message and fields', () => {
    const { lines, out } = recorder()
    createLogger({ format: 'json', level: 'info' }, out).info({ address: '127.0.0.1:1' }, 'listening')
    assert.equal(lines.length, 1)
    assert.ok(lines[0]?.endsWith('}\n'))
    const { time, ...others } = JSON.parse(lines[0] ?? '')
    assert.deepEqual(others, { level: 'info', address: '127.0.0.1:1', msg: 'listening' })
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  test('hides the members that hold secrets, at the top and one level down', () => {
    const { lines, out } = recorder()
    const hush = 'hush-hush'
    const logger = createLogger({ format: 'json', level: 'info' }, out)
    logger.info(
      { authorization: hush, apiKey: hush, password: hush, headers: { authorization: hush, cookie: hush } },
      'x',
    )
    assert.ok(!lines.join('').includes(hush))
    assert.ok(lines.join('').includes('[redacted]'))
  })

  test('writes an error with its message and stack', () => {
    const { lines, out } = recorder()
    createLogger({ format: 'json', level: 'info' }, out).error({ err: new Error('boom') }, 'failed')
    const { err } = JSON.parse(lines[0] ?? '')
    assert.equal(err.message, 'boom')
    assert.match(err.stack, /logger\.test/)
  })
})

describe('the console log', () => {
  test('writes key=value in the order time, level, msg, fields, quoted only when needed', () => {
    const { lines, out } = recorder()
    const logger = createLogger({ format: 'console', level: 'info' }, out).child({ proxyId: 'edge-1' })
    logger.warn(
      { url: 'http://a/b', note: 'two words', empty: '', n: 5, list: ['a'], at: { port: 1, eq: 'a=b' }, nl: 'a\nb' },
      'it is so',
    )
    assert.match(
      lines.join(''),
      /^time=\S+Z level=warn msg="it is so" proxyId=edge-1 url=http:\/\/a\/b note="two words" empty="" n=5 list="\[\\"a\\"\]" at\.port=1 at\.eq="a=b" nl="a\\nb"\n$/,
    )
  })
})

describe('the level', () => {
  test('holds back what is below it', () => {
    const { lines, out } = recorder()
    const logger = createLogger({ format: 'json', level: 'warn' }, out)
    logger.info('no')
    logger.warn('yes')
    assert.equal(lines.length, 1)
  })

  test('can be changed while running, for children and their children too', () => {
    const { lines, out } = recorder()
    const logger = createLogger({ format: 'json', level: 'info' }, out)
    const child = logger.child({ a: 1 })
    const grandchild = child.child({ b: 2 })
    setLogLevel(logger, 'debug')
    for (const one of [logger, child, grandchild]) one.debug('yes')
    assert.equal(lines.length, 3)
    setLogLevel(logger, 'error')
    for (const one of [logger, child, grandchild]) one.warn('no')
    assert.equal(lines.length, 3)
  })
})
