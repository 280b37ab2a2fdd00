// Runs something slow so that a person sees it is alive: one moving line on a terminal, a line every 10 s elsewhere, all
// output in a log file, and the end of that log when it fails. Everything goes to standard error: standard output belongs
// to the command that follows.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Something that a person must put right; its message is all that is shown. */
export class SetupFailure extends Error {
  constructor(message, logFile) {
    super(message)
    this.logFile = logFile
  }
}

export function explain({ message, logFile }) {
  if (logFile === undefined) return message
  const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-25).join('\n')
  return `${tail}\n\n${message}\nThe whole log: ${logFile}`
}

export function say(line) {
  process.stderr.write(`${line}\n`)
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const quietTickMs = 10_000

/** `stageOf` may turn a line of output into what is happening now. */
export async function runVisibly(title, [program, ...args], { env, cwd, logFile, stageOf, failure }) {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'w')
  const display = showProgress(title)
  try {
    const code = await spawnInto(program, args, { env, cwd }, (chunk) => {
      writeSync(log, chunk)
      for (const line of chunk.toString().split('\n')) {
        const stage = stageOf?.(line)
        if (stage !== undefined) display.stage(stage)
      }
    })
    if (code !== 0) throw new SetupFailure(failure, logFile)
    display.end(true)
  } catch (error) {
    display.end(false)
    throw error
  } finally {
    closeSync(log)
  }
}

function spawnInto(program, args, options, collect) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', (error) => reject(new SetupFailure(`Cannot run \`${program}\`: ${error.message}`)))
    child.once('close', (code) => resolve(code ?? 1))
  })
}

function showProgress(title) {
  const startMs = Date.now()
  const isTerminal = process.stderr.isTTY === true
  let stage = ''
  let frame = 0
  const seconds = () => `${Math.round((Date.now() - startMs) / 1000)} s`
  const text = () => `${title}${stage === '' ? '' : `: ${stage}`}`
  const draw = () => {
    frame = (frame + 1) % frames.length
    const width = (process.stderr.columns ?? 80) - 1
    process.stderr.write(`\r\x1b[2K${`${frames[frame]} ${text()} (${seconds()})`.slice(0, width)}`)
  }
  if (!isTerminal) say(`${title} …`)
  const timer = setInterval(
    isTerminal ? draw : () => say(`  ${text()} (${seconds()}) …`),
    isTerminal ? 100 : quietTickMs,
  )
  return {
    stage: (next) => {
      stage = next
    },
    end: (isGood) => {
      clearInterval(timer)
      if (isTerminal) process.stderr.write('\r\x1b[2K')
      say(`${isGood ? '✓' : '✗'} ${title} (${seconds()})`)
    },
  }
}
