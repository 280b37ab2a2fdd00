// A report's proof: what it stands on, signed by Ed25519, so that nobody changes it unnoticed.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { PipelineError } from '../../schemas/failure.ts'
import type { Manifest } from './manifest.ts'

/** `signature`: over the bytes of `manifest`, base64; null where no key is configured. */
export type SignedManifest = { manifest: string; signature: string | null; publicKeySha256: string | null }

export type Signer = { key: KeyObject; publicKeyPem: string; publicKeySha256: string }

/** Throws CONFIG_INVALID where the file holds no Ed25519 private key in PEM. */
export function signerFrom(path: string): Signer {
  try {
    const key = createPrivateKey(readFileSync(path))
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is of type ${key.asymmetricKeyType}`)
    const publicKeyPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
    return { key, publicKeyPem, publicKeySha256: sha256(publicKeyPem) }
  } catch (error) {
    const advice = 'Make one by `openssl genpkey -algorithm ed25519 -out report-key.pem`'
    const problem = `REPORT_KEY_FILE: ${path} is no Ed25519 private key in PEM (${(error as Error).message}). ${advice}.`
    throw new PipelineError('CONFIG_INVALID', { problems: [problem] }, error)
  }
}

export function signed(manifest: Manifest, signer: Signer | null): SignedManifest {
  const text = JSON.stringify(manifest)
  return {
    manifest: text,
    signature: signer === null ? null : sign(null, Buffer.from(text), signer.key).toString('base64'),
    publicKeySha256: signer?.publicKeySha256 ?? null,
  }
}

/** Whether the owner of this key signed these very words. */
export const isSignedBy = ({ manifest, signature }: SignedManifest, publicKeyPem: string): boolean =>
  signature !== null &&
  verify(null, Buffer.from(manifest), createPublicKey(publicKeyPem), Buffer.from(signature, 'base64'))

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
