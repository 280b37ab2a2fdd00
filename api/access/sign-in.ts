// What the dashboard needs to send a person to the issuer of access tokens: asked before anybody is known.
import type { FastifyInstance } from 'fastify'
import { refusal } from '../errors.ts'
import { discover } from './discovery.ts'

/** The dashboard as the issuer knows it. */
export type SignIn = { issuer: string; clientId: string; scope: string }

export type Oidc = SignIn & { authorizationEndpoint: string; tokenEndpoint: string }

/** The issuer's addresses change once in years. */
const FRESH_MS = 300_000

const text = { type: 'string' }
const schema = {
  tags: ['operations'],
  summary: 'Where people sign in: what an OpenID Connect client needs; null where only keys are taken',
  response: {
    200: {
      type: 'object',
      properties: {
        oidc: {
          type: ['object', 'null'],
          properties: {
            ...{ issuer: text, clientId: text, scope: text },
            ...{ authorizationEndpoint: text, tokenEndpoint: text },
          },
        },
      },
    },
  },
}

/** The way to the issuer, remembered; null: there is none. */
export type Signpost = () => Promise<Oidc | null>

export function signpostTo(signIn: SignIn | null): Signpost {
  let known: { oidc: Promise<Oidc>; untilMs: number } | undefined
  return async () => {
    if (signIn === null) return null
    if (known === undefined || known.untilMs < performance.now())
      known = { oidc: wayTo(signIn), untilMs: performance.now() + FRESH_MS }
    return known.oidc.catch((error: unknown) => {
      known = undefined // asked again by the next
      throw error
    })
  }
}

async function wayTo(signIn: SignIn): Promise<Oidc> {
  const { authorization_endpoint, token_endpoint } = await discover(signIn.issuer)
  if (authorization_endpoint === undefined || token_endpoint === undefined)
    throw new Error(`${signIn.issuer} names no authorization_endpoint or no token_endpoint`)
  return { ...signIn, authorizationEndpoint: authorization_endpoint, tokenEndpoint: token_endpoint }
}

export function addSignIn(app: FastifyInstance, signpost: Signpost): void {
  app.get('/api/sign-in', { schema }, async (request) => {
    const oidc = await signpost().catch((error: unknown) => {
      request.log.warn({ err: error }, 'the issuer cannot be asked')
      throw refusal('UNAVAILABLE', 'The issuer of access tokens cannot be asked where people sign in.')
    })
    return { oidc }
  })
}

/** The dashboard fetches its token there; null while it is not known. */
export const tokenOrigin = (signpost: Signpost): Promise<string | null> =>
  signpost().then(
    (oidc) => oidc && new URL(oidc.tokenEndpoint).origin,
    () => null,
  )
