// GraphiQL at /graphiql, whole from its package: no address outside our own origin. The page that the package
// would render is one inline script of 9 MB; served in parts it is cached, compressed once, and needs no
// inline script.
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { asGraphiqlPage } from './security-headers.ts'

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Coldstream · GraphiQL</title>
    <link rel="icon" href="/dashboard/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/graphiql/graphiql.css">
    <script src="/graphiql/workers.js"></script>
    <script src="/graphiql/graphiql.js"></script>
    <script src="/graphiql/start.js" defer></script>
  </head>
  <body class="no-focus-outline"><div id="root"></div></body>
</html>
`

const workersScript = `
const workers = {
  editorWorkerService: '/graphiql/editor.worker.js',
  json: '/graphiql/json.worker.js',
  graphql: '/graphiql/graphql.worker.js',
}
self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_, label) => workers[label] }
`

const firstQuery = `# Coldstream's read API. Every field says its unit; Ctrl-Space completes, Ctrl-Enter runs.
{
  organizations {
    name
    sites {
      nodes {
        name
        timeZone
        units {
          nodes {
            name
            type
            status { status since }
            latest { temperature recordedAt }
            rule { temperatureMin temperatureMax }
          }
        }
      }
    }
  }
}
`

const startScript = `
YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
  endpoint: '/graphql',
  title: 'Coldstream',
  defaultQuery: ${JSON.stringify(firstQuery)},
})
`

type Asset = { type: string; etag: string; gzipped: Buffer }
const javascript = 'text/javascript; charset=utf-8'
const compress = promisify(gzip)

async function asset(type: string, text: string): Promise<Asset> {
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
  return { type, etag, gzipped: await compress(text) }
}

/** 9 MB that most processes never serve: read and compressed when somebody first opens the page. */
async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const parts = await import('@graphql-yoga/render-graphiql/graphiql')
  const texts = {
    'graphiql.css': parts.css,
    'graphiql.js': parts.js,
    'editor.worker.js': parts.editorWorkerService,
    'json.worker.js': parts.jsonWorker,
    'graphql.worker.js': parts.graphqlWorker,
    'workers.js': workersScript,
    'start.js': startScript,
  }
  return new Map(
    await Promise.all(
      Object.entries(texts).map(
        async ([name, text]) =>
          [name, await asset(name.endsWith('.css') ? 'text/css; charset=utf-8' : javascript, text)] as const,
      ),
    ),
  )
}

export function addGraphiql(app: FastifyInstance): void {
  let assets: Promise<ReadonlyMap<string, Asset>> | undefined
  app.get('/graphiql', async (_request, reply) => asGraphiqlPage(reply).type('text/html').send(page))
  app.get<{ Params: { file: string } }>('/graphiql/:file', async (request, reply) => {
    assets ??= loadAssets()
    const found = (await assets).get(request.params.file)
    if (found === undefined) return reply.callNotFound()
    return send(asGraphiqlPage(reply), found, request.headers['if-none-match'])
  })
}

function send(reply: FastifyReply, { type, etag, gzipped }: Asset, known: string | undefined): FastifyReply {
  reply.headers({ etag, 'cache-control': 'no-cache' })
  if (known === etag) return reply.code(304).send()
  // Every browser that runs GraphiQL takes gzip.
  return reply.header('content-encoding', 'gzip').type(type).send(gzipped)
}
