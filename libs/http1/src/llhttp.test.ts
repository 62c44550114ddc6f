import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { corpus } from '../fuzz/corpus.ts'
import { differences, relate } from '../fuzz/differences.ts'
import { nodeClient, nodeServer, type Verdict } from '../fuzz/node-oracle.ts'
import { ownVerdict } from '../fuzz/own-verdict.ts'
import { badRequests, goodRequests, smugglingRequests } from '../fuzz/request-cases.ts'
import { badResponses, goodResponses } from '../fuzz/response-cases.ts'
import type { Reading } from '../fuzz/transcript.ts'

function nodeVerdict(bytes: Buffer, reading: Reading): Promise<Verdict> {
  return reading.role === 'server' ? nodeServer(bytes) : nodeClient(bytes, reading)
}

test('every message is read as llhttp reads it, or the difference is in the table', async () => {
  const cases = [goodRequests, badRequests, smugglingRequests, goodResponses, badResponses].flat()
  for (const { name, bytes, reading } of [...cases, ...corpus()]) {
    const own = ownVerdict(bytes, reading)
    const other = await nodeVerdict(bytes, reading)
    const known = differences.find(
      (difference) => difference.cases.includes(name) && difference.relation === relate(own, other),
    )
    if (known === undefined) {
      assert.equal(relate(own, other), undefined, `${name}: ${JSON.stringify({ own, other })}`)
    }
  }
})

test('every difference in the table is still one', async () => {
  const cases = [goodRequests, badRequests, smugglingRequests, goodResponses, badResponses].flat()
  for (const { what, relation, cases: names } of differences) {
    for (const name of names) {
      const relations: (string | undefined)[] = []
      for (const { bytes, reading } of cases.filter((each) => each.name === name)) {
        relations.push(relate(ownVerdict(bytes, reading), await nodeVerdict(bytes, reading)))
      }
      assert.ok(relations.includes(relation), `${what}: ${name}`)
    }
  }
})

test('the README shows the table of differences', () => {
  const file = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const readme = file.replaceAll(/ +/g, ' ') // the formatter aligns columns
  for (const { what, relation, why } of differences) {
    assert.ok(readme.includes(`| ${what} | ${relation} | ${why} |`), what)
  }
})
