/** What a rival in JavaScript is told as its one argument, in JSON. */
export interface RivalSite {
  readonly port: number
  /** Port of the backend. */
  readonly upstream: number
  readonly front: 'http' | 'tls' | 'h2'
  readonly table: 'bare' | 'many'
  readonly webSockets: boolean
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
  readonly connections: number
}

/** Reads the argument of this process. */
export function rivalSite(): RivalSite {
  return JSON.parse(process.argv[2] ?? '') as RivalSite
}
