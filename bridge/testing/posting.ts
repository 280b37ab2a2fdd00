// For tests: bodies as The Things Stack sends them, and posting one.

export const exampleKey = 'a-key-of-the-tests-0001'

export type Json = { [name: string]: unknown }

/** An uplink of a Dragino LHT65; `message` and `envelope` replace or remove (undefined) fields. */
export function uplinkBody(message: Json = {}, envelope: Json = {}): Json {
  return {
    end_device_ids: {
      device_id: 'fridge-1',
      application_ids: { application_id: 'kitchen' },
      dev_eui: '0004a30b001c0530',
      join_eui: '800000000000000C',
      dev_addr: '00bcb929',
    },
    correlation_ids: ['as:up:01E0WZGT6Y7657CPFPE5WEYDSQ'],
    received_at: '2026-02-12T15:15:46.014773143Z',
    uplink_message: {
      session_key_id: 'AXA50tHUGUucuzS/bCGMNw==',
      f_cnt: 7,
      f_port: 2,
      frm_payload: 'y/YLDQN2AQrdf/8=',
      rx_metadata: [{ gateway_ids: { gateway_id: 'gtw1', eui: '9c5c8e00001a05c4' }, rssi: -35, snr: 5.2 }],
      settings: {
        data_rate: { lora: { bandwidth: 125000, spreading_factor: 7, coding_rate: '4/5' } },
        frequency: '868300000',
      },
      received_at: '2026-02-12T15:15:45.789585559Z',
      ...message,
    },
    ...envelope,
  }
}

export type Posted = { status: number; json: Json; headers: Headers; elapsedMs: number }

export async function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Posted> {
  const startMs = performance.now()
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': exampleKey, ...headers },
    body,
  })
  const json = (await answer.json()) as Json
  return { status: answer.status, json, headers: answer.headers, elapsedMs: performance.now() - startMs }
}
