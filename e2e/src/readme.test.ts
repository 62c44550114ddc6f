import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { freePort, isFree, own, Program, repositoryRoot, temporaryFolder } from '@vrata/testkit'
import { type ExpectBlock, markedBlocks, type RunBlock } from './readme-blocks.ts'

const readme = readFileSync(join(repositoryRoot, 'README.md'), 'utf8')

/** Ports that the README names or that its start command uses: of the API and the proxy's own, then of traffic and backends. */
const ports = [8080, 9901, 8000, 9001, 9002]

/** What stands in the place of each of the README's ports: itself, unless somebody on this machine has taken it. */
async function portsHere(): Promise<ReadonlyMap<number, number>> {
  const here = new Map<number, number>()
  for (const port of ports) here.set(port, (await isFree(port)) ? port : await freePort())
  return here
}

test('marked blocks are found with their lines, and a mark without a block is an error', () => {
  const text = 'a\n<!-- run: x -->\n```sh\none\ntwo\n```\n\n<!-- expect -->\n```text\nout\n```\n'
  assert.deepEqual(markedBlocks(text), [
    { kind: 'run', group: 'x', text: 'one\ntwo', line: 3 },
    { kind: 'expect', text: 'out', line: 9 },
  ])
  assert.throws(() => markedBlocks('<!-- run: x -->\n\n```sh\n```\n'), /line 1: no fenced block/)
})

/** What each block printed, stdout and stderr together; the shell stops at the first command that fails. */
async function runBlocks(
  t: TestContext,
  blocks: readonly RunBlock[],
  here: ReadonlyMap<number, number>,
): Promise<{ outputs: string[]; code: number | null }> {
  const mark = '=== end of block ==='
  const script = [
    'set -e',
    "trap 'kill $(jobs -p) 2>/dev/null' EXIT", // what the README puts into the background
    // A second is enough for a reader. Here it lasts until what it is for has happened, however slow the machine.
    `sleep() {
      for port in 9001 9002; do until (: > /dev/tcp/127.0.0.1/$port) 2> /dev/null; do command sleep 0.1; done; done
      until curl -sS "$API/fleet" | grep -q '"inSync":1'; do command sleep 0.1; done
    }`,
    ...blocks.map(({ text }) => `${text}\necho; echo '${mark}'`),
  ]
    .join('\n')
    .replace(/\b\d{4}\b/g, (digits) => String(here.get(Number(digits)) ?? digits))
  const shell = spawn('bash', ['-c', `exec 2>&1\n${script}`], {
    cwd: repositoryRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
    // nothing here is for a proxy that this machine may use to reach others
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, no_proxy: '*', NO_PROXY: '*' },
  })
  own(t, () => shell.kill('SIGTERM'))
  let output = ''
  shell.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const code = await new Promise<number | null>((resolve) => shell.on('close', resolve))
  return { outputs: output.split(mark), code }
}

test('the quick start of the README does what it says', async (t) => {
  const here = await portsHere()
  const [port = 0, adminPort = 0] = ports
  // the README's own start command; installing is what has been done to run this test
  const command = /```sh\nnpm ci && (npm start)\n```/.exec(readme)?.[1]
  assert.equal(command, 'npm start', 'the README says how to start')
  const program = new Program(t, {
    name: 'npm start',
    command: ['npm', 'start', '--', '--port', String(here.get(port)), '--admin-port', String(here.get(adminPort))],
    cwd: repositoryRoot,
    env: { VRATA_DATA: await temporaryFolder(t) }, // not the data of whoever runs the tests
  })
  own(t, () => (program.running ? program.stop() : undefined))
  program.start()
  await program.waitForLog('it to be ready', ({ msg }) => msg.startsWith('vrata: ready'))

  const blocks = markedBlocks(readme)
  const quickstart = blocks.filter((block): block is RunBlock => block.kind === 'run' && block.group === 'quickstart')
  assert.ok(quickstart.length >= 4, 'the quick start has blocks to run')
  const { outputs, code } = await runBlocks(t, quickstart, here)
  assert.equal(code, 0, `the shell ended with ${code}:\n${outputs.join('')}`)
  let last: RunBlock | undefined
  const expected: [RunBlock, ExpectBlock][] = []
  for (const block of blocks) {
    if (block.kind === 'run') last = block
    else if (last) expected.push([last, block])
  }
  assert.ok(expected.length >= 3, 'the quick start says what to expect')
  for (const [run, expect] of expected) {
    const output = outputs[quickstart.indexOf(run)] ?? ''
    assert.ok(output.includes(expect.text), `README line ${expect.line}: expected\n${expect.text}\nin\n${output}`)
  }
  assert.equal(await program.stop(), 0)
})
