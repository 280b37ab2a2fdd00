// What Postgres would answer for packed columns, for tests that have none.

const US_OF_2000 = BigInt(Date.UTC(2000, 0, 1)) * 1_000n

export function pack(kind: 'number' | 'instant', values: readonly unknown[]): string {
  const bytes = Buffer.alloc(values.length * 8)
  for (const [i, value] of values.entries()) {
    if (kind === 'instant') bytes.writeBigInt64BE(BigInt(value as number) * 1_000n - US_OF_2000, i * 8)
    else if (value === null) bytes.writeBigUInt64BE(0x7ff80000000007a2n, i * 8)
    else bytes.writeDoubleBE(value as number, i * 8)
  }
  return bytes.toString('base64')
}
