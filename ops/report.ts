// `coldstream report verify FILE`: whether a compliance report says what it was signed for, and what the tables still say.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import type { Evidence, Manifest } from '../api/report/manifest.ts'
import { isSignedBy, type SignedManifest } from '../api/report/signing.ts'

/** `token`: an API key or access token, where the API asks for one. */
type Options = { url: string; key?: string; token?: string }
type Finding = { isRight: boolean; text: string }

export function reportCommand(program: Command): void {
  program
    .command('report')
    .description('compliance reports of /api/reports/units/:id')
    .command('verify')
    .description("check a saved report: its signature, and its digests against the API's present rows")
    .argument('<file>', 'the report as it was saved, HTML')
    .option('--url <url>', 'where the API is', webAddress, 'http://localhost:3000')
    .option('--token <token>', 'API key or access token, where the API asks for one')
    .option('--key <file>', 'public key in PEM; not given: the one that the API shows')
    .action(async (file: string, options: Options) => {
      const findings = await verifyReport(readFileSync(file, 'utf8'), options)
      for (const { isRight, text } of findings) process.stdout.write(`${isRight ? '✓' : '✗'} ${text}\n`)
      if (findings.some(({ isRight }) => !isRight)) process.exitCode = 1
    })
}

export async function verifyReport(page: string, options: Options): Promise<Finding[]> {
  const proof = proofIn(page)
  if (proof === undefined) return [{ isRight: false, text: 'This file is no report: it carries no proof.' }]
  const { evidence } = JSON.parse(proof.manifest) as Manifest
  const findings = [await signatureFinding(proof, options)]
  for (const one of evidence) findings.push(await evidenceFinding(one, options))
  return findings
}

function proofIn(page: string): SignedManifest | undefined {
  const text = /<script type="application\/json" id="proof">(.*?)<\/script>/s.exec(page)?.[1]
  return text === undefined ? undefined : (JSON.parse(text) as SignedManifest)
}

async function signatureFinding(proof: SignedManifest, options: Options): Promise<Finding> {
  if (proof.signature === null) return { isRight: false, text: 'The report is not signed.' }
  const publicKey =
    options.key === undefined
      ? await (await asked('/api/reports/key', options)).text()
      : readFileSync(options.key, 'utf8')
  const isRight = isSignedBy(proof, publicKey)
  return {
    isRight,
    text: isRight ? 'The signature is right.' : 'The signature is not of this key and these digests.',
  }
}

async function evidenceFinding({ path, lines, sha256 }: Evidence, options: Options): Promise<Finding> {
  const hash = createHash('sha256')
  const { body } = await asked(path, options)
  for await (const chunk of body ?? []) hash.update(chunk)
  const isRight = hash.digest('hex') === sha256
  return {
    isRight,
    text: `${path}: ${isRight ? `${lines} lines, as in the report` : 'the rows have changed since'}`,
  }
}

async function asked(path: string, { url, token }: Options): Promise<Response> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(new URL(path, url), { headers })
  if (!response.ok)
    throw new Error(`${new URL(path, url)} answered ${response.status}: ${await response.text()}`)
  return response
}

function webAddress(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
    throw new InvalidArgumentError('Give an http or https address.')
  return text
}
