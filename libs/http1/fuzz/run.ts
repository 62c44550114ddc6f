/**
 * Mutation fuzzer: `node libs/http1/fuzz/run.ts [--seconds N] [--seed S] [--llhttp]`. Changes committed messages at
 * random and checks what the codec promises; with `--llhttp` also that every difference from llhttp is a known one.
 * An input that breaks a promise is made short and left in the corpus directory; exit code 1.
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { corpus, corpusDirectory, type Seed } from './corpus.ts'
import { isExplained } from './differences.ts'
import { checkForwarding, checkReading, lowLimits } from './invariants.ts'
import { mutate, randomCuts } from './mutate.ts'
import { nodeClient, nodeServer } from './node-oracle.ts'
import { ownVerdict } from './own-verdict.ts'
import { type Random, seededRandom } from './random.ts'
import { badRequests, goodRequests, smugglingRequests } from './request-cases.ts'
import { badResponses, goodResponses } from './response-cases.ts'

function options() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
      llhttp: { type: 'boolean', default: false },
    },
  })
  return { seconds: Number(values.seconds), seed: Number(values.seed), llhttp: values.llhttp }
}

/** Throws what is wrong with the codec's behaviour for this input; gives the reason or how it ended. */
function check({ bytes, reading }: Omit<Seed, 'name'>, random: Random): string {
  const lines = checkReading(bytes, reading, randomCuts(bytes.length, random))
  if (reading.role === 'server') checkForwarding(bytes, reading.limits)
  return lines.find((line) => line.startsWith('refused'))?.split(' ')[1] ?? 'accepted'
}

async function compare({ bytes, reading }: Omit<Seed, 'name'>): Promise<void> {
  const own = ownVerdict(bytes, reading)
  const other = await (reading.role === 'server' ? nodeServer(bytes) : nodeClient(bytes, reading))
  if (!isExplained(own, other, bytes))
    throw new Error(`unexplained difference\n  ${JSON.stringify(own)}\n  ${JSON.stringify(other)}`)
}

async function problemOf(input: Omit<Seed, 'name'>, seed: number, llhttp: boolean): Promise<unknown> {
  try {
    check(input, seededRandom(seed))
    if (llhttp) await compare(input)
    return undefined
  } catch (problem) {
    return problem
  }
}

/** Leaves out pieces as long as something is still wrong. */
async function shorten(input: Omit<Seed, 'name'>, seed: number, llhttp: boolean): Promise<Buffer> {
  let { bytes } = input
  for (let size = bytes.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < bytes.length; ) {
      const less = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)])
      if ((await problemOf({ ...input, bytes: less }, seed, llhttp)) === undefined) at += size
      else bytes = less
    }
  }
  return bytes
}

function fileName(seed: Seed, bytes: Buffer): string {
  const prefix = /^(request|response(-head|-connect|-upgrade)?)/.exec(seed.name)?.[0]
  const role = prefix ?? (seed.reading.role === 'server' ? 'request' : 'response')
  return `${role}-found-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.http`
}

async function main(): Promise<void> {
  const { seconds, seed, llhttp } = options()
  const seeds: Seed[] = [
    ...[goodRequests, badRequests, smugglingRequests, goodResponses, badResponses].flat(),
    ...corpus(),
  ]
  const random = seededRandom(seed)
  const ends = new Map<string, number>()
  const until = performance.now() + seconds * 1000
  let count = 0
  console.log(`seed ${seed}, ${seeds.length} messages to start from`)
  while (performance.now() < until) {
    const start = random.pick(seeds)
    const reading = random.below(4) === 0 ? { ...start.reading, limits: lowLimits } : start.reading
    const input = { bytes: mutate(start.bytes, random.pick(seeds).bytes, random), reading }
    const cuts = random.below(2 ** 31)
    const compared = llhttp && reading.limits === undefined
    const problem = await problemOf(input, cuts, compared)
    if (problem !== undefined) {
      const bytes = await shorten(input, cuts, compared)
      const name = fileName(start, bytes)
      writeFileSync(new URL(name, corpusDirectory), bytes)
      console.error(`input ${count}: ${problem instanceof Error ? problem.stack : String(problem)}`)
      console.error(
        `after shortening: ${String(await problemOf({ ...input, bytes }, cuts, compared))}\nwritten to ${name}`,
      )
      process.exitCode = 1
      return
    }
    const end = check(input, seededRandom(cuts))
    ends.set(end, (ends.get(end) ?? 0) + 1)
    count++
  }
  console.log(`${count} inputs in ${seconds} s, no promise broken; how they ended:`)
  for (const [end, times] of [...ends].sort((a, b) => b[1] - a[1])) console.log(`${String(times).padStart(9)}  ${end}`)
}

await main()
