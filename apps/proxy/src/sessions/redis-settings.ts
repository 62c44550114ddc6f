import { readMaterial, type SessionStoreConfig } from '@vrata/service'
import type { RedisOptions } from 'ioredis'

type RedisConfig = NonNullable<SessionStoreConfig['redis']>

/** What the client library is told. The form of replies is left out: its type there depends on it. */
export type RedisSettings = Omit<RedisOptions, 'replyMapping'>

/**
 * What the client library needs to know. A `url` may hold user, password and database; the keys beside it win.
 *
 * @throws Error when a file with a certificate or key cannot be read
 */
export function redisSettings(config: RedisConfig): RedisSettings {
  const { host, port, username, password, db, secure } = target(config)
  return {
    host,
    port,
    db,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(secure || config.tls !== undefined ? { tls: tlsOf(config.tls) } : {}),
    lazyConnect: true,
    protocol: 2, // what every version speaks
    disableClientInfo: true,
    enableReadyCheck: false, // it asks for INFO, which a careful administrator forbids; our own probe says more
    enableOfflineQueue: false, // without a connection a request goes on at once
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0, // what was asked on a lost connection fails at once
    connectTimeout: 5_000,
  }
}

interface Target {
  readonly host: string
  readonly port: number
  readonly username: string
  readonly password: string
  readonly db: number
  readonly secure: boolean
}

function target({ url, address, password, db }: RedisConfig): Target {
  const parsed = new URL(url ?? `redis://${address ?? 'localhost:6379'}`)
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    username: decodeURIComponent(parsed.username),
    password: password === '' ? decodeURIComponent(parsed.password) : password,
    db: db === 0 ? Number(parsed.pathname.slice(1)) || 0 : db,
    secure: parsed.protocol === 'rediss:',
  }
}

function tlsOf({ ca, cert, key, serverName }: NonNullable<RedisConfig['tls']> = {}) {
  const place = 'sessionStore.redis.tls'
  return {
    ...(ca === undefined ? {} : { ca: readMaterial(ca, `${place}.ca`) }),
    ...(cert === undefined ? {} : { cert: readMaterial(cert, `${place}.cert`) }),
    ...(key === undefined ? {} : { key: readMaterial(key, `${place}.key`) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  }
}
