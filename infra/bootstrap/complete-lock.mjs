// `node infra/bootstrap/complete-lock.mjs`, after a change of packages: enters into package-lock.json the optional packages
// (builds for other platforms) that npm left out because its registry does not have them. `npm ci` refuses a lock file
// that lacks them, even where nobody would install them.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectDir } from './project.mjs'

/** `[the package that wants it, the optional package, its version]` for each that is not in the lock. */
export function missingOptionals({ packages }) {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`])
      .map(([name, version]) => [path, name, version]),
  )
}

function complete(lock) {
  for (const [path, name, version] of missingOptionals(lock)) {
    const { dev, license, engines } = lock.packages[path]
    const platform = /(android|darwin|freebsd|linux|win32)-(\w+?)(?:-(musl|glibc))?$/.exec(name)
    if (platform === null) throw new Error(`${name}, wanted by ${path}, names no platform: enter it by hand.`)
    const [, os, cpu, libc] = platform
    const entry = {
      version,
      cpu: [cpu],
      dev,
      ...(libc && { libc: [libc] }),
      license,
      optional: true,
      os: [os],
      engines,
    }
    lock.packages[`node_modules/${name}`] = entry
  }
  const inOrder = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
  return { ...lock, packages: Object.fromEntries(inOrder) }
}

if (process.argv[1] === import.meta.filename) {
  const path = join(projectDir, 'package-lock.json')
  writeFileSync(path, `${JSON.stringify(complete(JSON.parse(readFileSync(path, 'utf8'))), null, 2)}\n`)
}
