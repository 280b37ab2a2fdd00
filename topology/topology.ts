// The graph: a device's uplinks become readings of its unit, and a unit's readings become everything that is known of it.
import { deviceStage } from '../processors/device-stage.ts'
import { gatewayStage } from '../processors/gateway-stage.ts'
import { type SequenceOptions, sequenceDefaults } from '../processors/sequence.ts'
import { GRACE_MS, type UnitOptions, unitStage } from '../processors/unit-stage.ts'
import { defineTopology, type Topology } from './define.ts'

export type TopologyOptions = UnitOptions & SequenceOptions

export const topologyDefaults: TopologyOptions = { graceMs: GRACE_MS, ...sequenceDefaults }

export const topologyOf = (options: TopologyOptions = topologyDefaults): Topology =>
  defineTopology('cold-chain', ({ source, stage }) => {
    const uplinks = source('uplinks')
    const devices = source('devices')
    const unitConfigs = source('unit-configs')
    const unitEntries = source('unit-entries')

    const { readings } = stage(deviceStage(options), { devices, uplinks })
    const silences = stage(unitStage(options), {
      'unit-configs': unitConfigs,
      'unit-entries': unitEntries,
      readings,
    })
    stage(gatewayStage(), { 'gateway-silences': silences['gateway-silences'] })
  })

export const topology: Topology = topologyOf()
