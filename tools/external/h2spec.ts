import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  freePort,
  localhostCertificate,
  ProgramScope,
  snapshot,
  startBackend,
  startControlPlane,
  startProxy,
} from '@vrata/testkit'
import { runStep } from '../steps.ts'
import { root } from '../workspace.ts'
import type { Suite, SuiteOutcome } from './suite.ts'

const module = 'github.com/summerwind/h2spec/cmd/h2spec'
const version = 'v2.2.1+incompatible'

/** Where it is installed and leaves its reports. */
const folder = join(root, '.vrata/external/h2spec')

/** How long the backend thinks, in milliseconds: many cases are about streams that are not answered yet. */
const thinking = 60

/** A case that does not pass, and why that is left so. */
interface Exception {
  /** As in the report: section of the specification and title of the case. */
  readonly section: string
  readonly title: string
  readonly reason: string
  /** Only where HTTP/1.1 and HTTP/2 share a port in clear text. */
  readonly clearTextOnly?: true
}

const ignored = 'the HTTP/2 library ignores frames on streams that are closed'
const priorities = 'the HTTP/2 library ignores PRIORITY frames, which RFC 9113 deprecates'

const exceptions: readonly Exception[] = [
  {
    section: 'http2/3.5',
    title: 'Sends invalid connection preface',
    reason: 'what does not begin like HTTP/2 is read as HTTP/1.1, answered 400, and the connection closed',
    clearTextOnly: true,
  },
  { section: 'http2/5.1', title: 'closed: Sends a DATA frame after sending RST_STREAM frame', reason: ignored },
  { section: 'http2/5.1', title: 'closed: Sends a HEADERS frame after sending RST_STREAM frame', reason: ignored },
  { section: 'http2/5.1', title: 'closed: Sends a DATA frame', reason: ignored },
  { section: 'http2/5.1', title: 'closed: Sends a HEADERS frame', reason: ignored },
  {
    section: 'http2/5.1.1',
    title: 'Sends stream identifier that is numerically smaller than previous',
    reason: ignored,
  },
  { section: 'http2/5.3.1', title: 'Sends PRIORITY frame that depend on itself', reason: priorities },
  { section: 'http2/6.3', title: 'Sends a PRIORITY frame with 0x0 stream identifier', reason: priorities },
  {
    section: 'http2/6.7',
    title: 'Sends a PING frame with ACK',
    reason: 'an acknowledgement of nothing ends the connection: the platform takes it for an attack',
  },
  {
    section: 'http2/6.9.1',
    title: 'Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream',
    reason: 'the whole connection is ended instead of the stream, which RFC 9113, 5.4 allows',
  },
]

/** h2spec sends right and wrong frames to listeners in clear text and TLS. */
export const h2spec: Suite = {
  name: `h2spec ${version}`,
  async run() {
    const program = await installed()
    if (typeof program !== 'string') return program
    await using scope = new ProgramScope()
    const [clear, secure] = await listening(scope)
    const outcomes = [
      await against('clear text', [program, '-p', String(clear)], true),
      await against('TLS', [program, '-p', String(secure), '-t', '-k'], false),
    ]
    const failed = outcomes.some(({ unexpected }) => unexpected.length > 0)
    for (const { where, unexpected, output } of outcomes) {
      if (unexpected.length > 0) console.log(`${output}\nnot expected to fail in ${where}:\n${unexpected.join('\n')}`)
    }
    const detail = outcomes.map(({ where, passed, excepted }) => `${where}: ${passed} passed, ${excepted} excepted`)
    return { result: failed ? 'failed' : 'passed', detail: detail.join('; ') }
  },
}

/** Ports of a listener in clear text and of one with TLS, both before a backend. */
async function listening(scope: ProgramScope): Promise<readonly [clear: number, secure: number]> {
  const plane = await startControlPlane(scope)
  const backend = await startBackend(scope, {
    recordBodies: false,
    handler: (request, response) => {
      request.resume()
      setTimeout(() => response.end('hello\n'), thinking)
    },
  })
  const proxy = await startProxy(scope, { controlPlane: plane.url })
  const [clear, secure] = [await freePort(), await freePort()]
  const { id } = await snapshot()
    .listener('clear', clear, { http2: true })
    .listener('secure', secure, { http2: true, tls: localhostCertificate })
    .destination('backend', backend.address)
    .forward('all', '/', 'backend')
    .activate(plane.client, 'h2spec')
  await proxy.applied(id)
  return [clear, secure]
}

interface Outcome {
  readonly where: string
  readonly passed: number
  readonly excepted: number
  readonly unexpected: readonly string[]
  readonly output: string
}

async function against(where: string, command: readonly string[], isClearText: boolean): Promise<Outcome> {
  const report = join(folder, `${where.replaceAll(' ', '-')}.xml`)
  const { output } = await runStep([...command, '-h', '127.0.0.1', '-o', '2', '-j', report], 300, root)
  const cases = existsSync(report) ? casesOf(readFileSync(report, 'utf8')) : []
  const allowed = exceptions.filter(({ clearTextOnly }) => isClearText || clearTextOnly === undefined)
  const isAllowed = (one: Case) => allowed.some(({ section, title }) => section === one.section && title === one.title)
  const failed = cases.filter((one) => one.failed)
  const unexpected = failed.filter((one) => !isAllowed(one)).map(({ section, title }) => `${section}: ${title}`)
  return {
    where,
    passed: cases.length - failed.length,
    excepted: failed.length - unexpected.length,
    unexpected: cases.length === 0 ? ['there is no report'] : unexpected,
    output,
  }
}

interface Case {
  readonly section: string
  readonly title: string
  readonly failed: boolean
}

/** The cases of a report in the form of JUnit. */
function casesOf(xml: string): Case[] {
  const form = /<testcase package="([^"]*)" classname="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g
  return Array.from(xml.matchAll(form), ([, section = '', title = '', content = '']) => ({
    section,
    title: title.replaceAll('&#34;', '"').replaceAll('&amp;', '&'),
    failed: /<(?:failure|error)\b/.test(content),
  }))
}

/** Path of the program, or why there is none. */
async function installed(): Promise<string | SuiteOutcome> {
  const program = join(folder, 'h2spec')
  if (existsSync(program)) return program
  mkdirSync(folder, { recursive: true })
  const got = await runStep(['env', `GOBIN=${folder}`, 'go', 'install', `${module}@${version}`], 300, folder)
  if (got.ok) return program
  return { result: 'skipped', detail: `go is needed: ${got.output.trimEnd().split('\n').at(-1) ?? ''}` }
}
