// The health check of a container: `node infra/healthy.mjs PORT` ends with 0 when the process on that port is ready.
const [port] = process.argv.slice(2)
const { ok } = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(4_000) })
process.exit(ok ? 0 : 1)
