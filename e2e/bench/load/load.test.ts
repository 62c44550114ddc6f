import assert from 'node:assert/strict'
import { test } from 'node:test'
import { h2loadCommand, parseH2load } from './h2load.ts'
import { milliseconds, parseWrk, wrkCommand } from './wrk.ts'

const wrk = `Running 1s test @ http://127.0.0.1:24001/no
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     0.95ms  515.23us   6.21ms   88.01%
    Req/Sec    43.07k     3.95k   45.07k    90.00%
  Latency Distribution
     50%  890.00us
     75%    1.11ms
     90%    1.33ms
     99%    1.03s
  42985 requests in 1.00s, 12.42MB read
Requests/sec:  42817.41
Transfer/sec:     12.37MB
`

test('wrk tells its rate and the median and 99th percentile of its latencies', () => {
  assert.deepEqual(parseWrk(wrk), { rate: 42_817.41, errors: 0, latency: { p50: 0.89, p99: 1030 } })
})

test('failed connections and bad statuses of wrk are errors', () => {
  const output = wrk.replace(
    'Requests/sec',
    '  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 50000\nRequests/sec',
  )
  assert.equal(parseWrk(output).errors, 54_321)
})

test('a run of wrk without any answer has a rate of 0 and no latencies to tell', () => {
  const output = '  Socket errors: connect 64, read 0, write 0, timeout 0\nRequests/sec:      0.00\n'
  assert.deepEqual(parseWrk(output), { rate: 0, errors: 64, latency: undefined })
})

test('what wrk says when it cannot start is shown', () => {
  assert.throws(() => parseWrk('unable to connect to 127.0.0.1:1 Connection refused'), /Connection refused/)
})

test('the command of wrk carries headers and a script', () => {
  const run = { url: 'http://127.0.0.1:1/', seconds: 2, connections: 64, threads: 1 }
  assert.equal(wrkCommand(run).join(' '), 'wrk --latency --timeout 60s -t1 -c64 -d2s http://127.0.0.1:1/')
  const more = wrkCommand({ ...run, headers: ['Connection: close'], script: '/x/post.lua' })
  assert.deepEqual(more.slice(7), ['-H', 'Connection: close', '-s', '/x/post.lua', 'http://127.0.0.1:1/'])
})

const h2load = `starting benchmark...
spawning thread #0: 8 total client(s). Timing-based test with 0s of warm-up time and 1s of main duration for measurements.
progress: 100% of clients started
TLS Protocol: TLSv1.3
Application protocol: h2
Stopped all clients for thread #0

finished in 1.01s, 8509.70 req/s, 12.34MB/s
requests: 8510 total, 8518 started, 8510 done, 8510 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 8510 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 12.34MB (12934744) total, 8.77MB (9191232) headers (space savings 0.00%), 415.55KB (425520) data
                     min         max         mean         sd        +/- sd
time for request:       23us      9.08ms        93us       448us    98.50%
`

test('h2load tells its rate', () => {
  assert.deepEqual(parseH2load(h2load), { rate: 8_509.7, errors: 0, latency: undefined })
})

test('failed requests and bad statuses of h2load are errors, each counted once', () => {
  const failed = h2load
    .replace('0 failed, 0 errored, 0 timeout', '30 failed, 4 errored, 1 timeout')
    .replace('0 4xx, 0 5xx', '10 4xx, 20 5xx')
  assert.equal(parseH2load(failed).errors, 35)
  assert.equal(parseH2load(h2load.replace('0 4xx, 0 5xx', '2 4xx, 7 5xx')).errors, 9)
})

test('a server that fell back to HTTP/1.1 was not measured with HTTP/2', () => {
  assert.throws(
    () => parseH2load(h2load.replace('protocol: h2', 'protocol: http/1.1')),
    /speaks http\/1.1, not HTTP\/2/,
  )
})

test('what h2load says when it cannot connect is shown', () => {
  assert.throws(() => parseH2load('failed to connect'), /failed to connect/)
})

test('the command of h2load divides the requests under way among connections', () => {
  const run = { url: 'https://127.0.0.1:1/', seconds: 2, connections: 8, streams: 8, threads: 1 }
  assert.equal(h2loadCommand(run).join(' '), 'h2load -t1 -c8 -m8 -D2 --warm-up-time=0 https://127.0.0.1:1/')
})

test('times come in all units', () => {
  assert.deepEqual(['250us', '1.5ms', '2s', '1.00m', '1h'].map(milliseconds), [0.25, 1.5, 2000, 60_000, 3_600_000])
  assert.ok(Number.isNaN(milliseconds('soon')))
})
