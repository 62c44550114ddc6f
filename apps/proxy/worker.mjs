// The program of worker processes, which the proxy starts where `proxy.workers` asks for several.
await import('./src/workers/main.ts')
