// For tests: one message of each type beside uplink and join, in the shapes that The Things Stack v3 documents.
import type { Json } from './posting.ts'

const envelope: Json = {
  end_device_ids: {
    device_id: 'dev1',
    application_ids: { application_id: 'app1' },
    dev_eui: '0004A30B001C0530',
    join_eui: '800000000000000C',
    dev_addr: '00BCB929',
  },
  correlation_ids: ['as:up:01E0WZGT6Y7657CPFPE5WEYDSQ'],
  received_at: '2020-02-17T10:32:24.590413417Z',
}

const downlink: Json = {
  session_key_id: 'AXBSp8v2brG0jqkri+sIkw==',
  f_port: 15,
  f_cnt: 1,
  frm_payload: 'vu8=',
  confirmed: true,
  priority: 'NORMAL',
  correlation_ids: ['as:downlink:01E19B99501X84X6CV471TVSZ1'],
}

const normalized: Json = {
  session_key_id: 'AXA50tHUGUucuzS/bCGMNw==',
  f_cnt: 7,
  f_port: 2,
  frm_payload: 'y/YLDQN2AQrdf/8=',
  normalized_payload: { air: { temperature: 28.29, relativeHumidity: 88.6 } },
  rx_metadata: [{ gateway_ids: { gateway_id: 'gtw1' }, rssi: -35, snr: 5.2 }],
  settings: { data_rate: { lora: { bandwidth: 125000, spreading_factor: 7 } }, frequency: '868300000' },
  received_at: '2020-02-17T10:32:24.400000000Z',
}

const messages: Json = {
  uplink_normalized: normalized,
  downlink_queued: downlink,
  downlink_sent: { ...downlink, class_b_c: { gateways: [] } },
  downlink_ack: downlink,
  downlink_nack: downlink,
  downlink_failed: {
    downlink,
    error: { namespace: 'pkg/networkserver', name: 'unknown_session', message_format: 'unknown session' },
  },
  downlink_queue_invalidated: {
    downlinks: [downlink],
    last_f_cnt_down: 12,
    session_key_id: 'AXBSp8v2brG0==',
  },
  location_solved: {
    service: 'lora-cloud-geolocation-v3',
    location: {
      latitude: 37.97155556731436,
      longitude: 23.72678801175413,
      accuracy: 30,
      source: 'SOURCE_LORA_TDOA',
    },
    attributes: { algorithm: 'tdoa' },
  },
  service_data: {
    service: 'lora-cloud-device-management-v1',
    data: { result: { uplink_response: { pending_requests: {} } } },
  },
  // Neither exists yet.
  fuota_progress: { percent: 40 },
  relay_forwarded: { relay: { device_id: 'relay1' } },
}

export const otherMessages: readonly [name: string, body: Json][] = Object.entries(messages).map(
  ([name, message]) => [name, { ...envelope, [name]: message }],
)
