// Objects in a bucket: Amazon S3, or with an endpoint whatever speaks its protocol.
import type { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import type { ObjectBackend, StoredObject } from '../object-store.ts'

/** Not set: what the machine itself knows of AWS (its role, its profile). */
export type S3Settings = {
  endpoint?: string
  region?: string
  accessKeyId?: string
  secretAccessKey?: string
}

/** S3 takes at most 10,000 parts: an object of up to 160 GB. */
const PART_BYTES = 16 * 1024 * 1024
const PARTS_AT_ONCE = 2
const ATTEMPTS_MAX = 5

export function openBucket(bucket: string, prefix: string, settings: S3Settings): ObjectBackend {
  const client = new S3Client(clientConfig(settings))
  const start = prefix === '' ? '' : `${prefix}/`
  const named = (key: string) => ({ Bucket: bucket, Key: `${start}${key}` })
  return {
    name: `s3://${bucket}/${prefix}`,

    async put(key, body) {
      const upload = new Upload({
        client,
        params: { ...named(key), Body: body },
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
        leavePartsOnError: false,
      })
      await upload.done()
    },

    async get(key) {
      const { Body } = await client.send(new GetObjectCommand(named(key)))
      return Body as Readable
    },

    async list(wanted) {
      const found: StoredObject[] = []
      const query = { Bucket: bucket, Prefix: `${start}${wanted}` }
      for await (const page of paginateListObjectsV2({ client }, query))
        for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? [])
          if (!Key.endsWith('/'))
            // some servers show folders as empty objects
            found.push({ key: Key.slice(start.length), bytes: Size, modifiedAt: LastModified })
      return found
    },

    async remove(key) {
      await client.send(new DeleteObjectCommand(named(key)))
    },

    usage: async () => undefined,
  }
}

function clientConfig({ endpoint, region, accessKeyId, secretAccessKey }: S3Settings): S3ClientConfig {
  return {
    region: region ?? 'us-east-1',
    maxAttempts: ATTEMPTS_MAX,
    // Checksums in trailers are Amazon's own; other servers refuse them. What is stored is compared by its SHA-256 anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Servers other than Amazon's have one name for all buckets.
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey } } : {}),
  }
}
