// Where the project is, and what of the calling npm's environment its own npm calls must not inherit.
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectDir = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
export const runtimeDir = resolve(projectDir, '.runtime')

// JOBS and MAKEFLAGS=-j2 break the build of node-rdkafka; the rest are facts about the npm that called us.
const unwanted =
  /^(JOBS|MAKEFLAGS|INIT_CWD|npm_(lifecycle|package)_.*|npm_config_(local_prefix|prefix|nodedir))$/i

export function npmEnvironment({ binDir, nodedir }) {
  const kept = Object.entries(process.env).filter(([name]) => !unwanted.test(name))
  return {
    ...Object.fromEntries(kept),
    PATH: [binDir, process.env.PATH].filter(Boolean).join(':'),
    ...(nodedir ? { npm_config_nodedir: nodedir } : {}),
    npm_config_update_notifier: 'false',
  }
}

/** The npm that called us, run by the given Node; else the one on the PATH, which finds that Node there. */
export function npmCommand(node) {
  const cli = process.env.npm_execpath
  return cli?.endsWith('npm-cli.js') ? [node, cli] : ['npm']
}
