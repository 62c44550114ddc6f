import type { Request, Response } from 'express'
import type { Version } from '../store/store.ts'
import { ApiError } from './api-error.ts'

/** The strong tag of one stored version; the suffix tells apart representations of the same version. */
export function strongTag(version: Version, suffix = ''): string {
  return `"${version}${suffix}"`
}

/** The weak tag of a list: the revision of the store that it shows. */
export function weakTag(revision: Version): string {
  return `W/"${revision}"`
}

/**
 * Sets the answer's ETag and, when `If-None-Match` of a GET names it, answers 304 and returns true: RFC 9110, 13.1.2,
 * by weak comparison.
 */
export function notModified(req: Request, res: Response, tag: string): boolean {
  res.setHeader('ETag', tag)
  const asked = req.headers['if-none-match']
  if (asked === undefined) return false
  const opaque = (text: string) => text.replace(/^W\//, '')
  if (asked.trim() !== '*' && !tagsOf(asked).some((candidate) => opaque(candidate) === opaque(tag))) return false
  res.statusCode = 304
  res.end()
  return true
}

/** The condition that a write puts on the version it replaces, by `If-Match`: RFC 9110, 13.1.1. */
export interface WriteCondition {
  /** Throws `precondition_failed`, with the present tag, unless the condition holds for this version. */
  check(version: Version): void
}

/** Reads `If-Match`. Weak tags never match, RFC 9110, 13.1.1; neither does what is no tag. */
export function writeCondition(req: Request): WriteCondition {
  const asked = req.headers['if-match']
  if (asked === undefined || asked.trim() === '*') return { check: () => undefined }
  const tags = tagsOf(asked)
  return {
    check(version) {
      const present = strongTag(version)
      if (tags.includes(present)) return
      throw new ApiError('precondition_failed', `the present version is ${present}`, { headers: { ETag: present } })
    },
  }
}

function tagsOf(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? []
}
