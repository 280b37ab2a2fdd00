// What happened, drawn behind the temperature: excursions over the full height, unconfirmed ones hatched;
// silences hatched the other way; open doors as a bar along the bottom. Pattern and place tell them apart
// without colour.

/**
 * @typedef {import('./unit-query.js').UnitData} UnitData
 * @typedef {{ kind: 'confirmed' | 'unconfirmed' | 'silence' | 'door', fromMs: number, toMs: number }} Band
 */

const ms = (/** @type {string | null} */ at, /** @type {number} */ orMs) =>
  at === null ? orMs : Date.parse(at)

/** @param {UnitData} unit @param {number} nowMs @returns {Band[]} */
export function bandsOf(unit, nowMs) {
  const excursions = unit.excursions.nodes.flatMap((excursion) => {
    const [fromMs, toMs] = [Date.parse(excursion.startedAt), ms(excursion.endedAt, nowMs)]
    const confirmedMs = ms(excursion.confirmedAt, toMs)
    return [
      { kind: /** @type {const} */ ('unconfirmed'), fromMs, toMs: confirmedMs },
      { kind: /** @type {const} */ ('confirmed'), fromMs: confirmedMs, toMs },
    ]
  })
  const silences = unit.silences.nodes.map(({ startedAt, endedAt }) => ({
    kind: /** @type {const} */ ('silence'),
    fromMs: Date.parse(startedAt),
    toMs: ms(endedAt, nowMs),
  }))
  const doors = unit.doorOpenings.nodes.map(({ openedAt, closedAt }) => ({
    kind: /** @type {const} */ ('door'),
    fromMs: Date.parse(openedAt),
    toMs: ms(closedAt, nowMs),
  }))
  return [...silences, ...excursions, ...doors].filter((band) => band.toMs > band.fromMs)
}

const DOOR_HEIGHT = 7

/** @param {any} plot a uPlot @param {readonly Band[]} bands @param {(name: string) => string} color */
export function drawBands(plot, bands, color) {
  const { ctx, bbox } = plot
  const scale = devicePixelRatio
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const { kind, fromMs, toMs } of bands) {
    const left = plot.valToPos(fromMs / 1000, 'x', true)
    // A door that was open for a minute still is seen on a month's chart.
    const width = Math.max(plot.valToPos(toMs / 1000, 'x', true) - left, 1.5 * scale)
    const door = DOOR_HEIGHT * scale
    if (kind === 'door') {
      ctx.fillStyle = color('--band-door')
      ctx.fillRect(left, bbox.top + bbox.height - door, width, door)
      continue
    }
    ctx.fillStyle = color(`--band-${kind}`)
    ctx.fillRect(left, bbox.top, width, bbox.height)
    if (kind !== 'confirmed')
      hatch(ctx, { left, width, top: bbox.top, height: bbox.height }, kind === 'silence', color('--hatch'))
  }
  ctx.restore()
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {{ left: number, width: number, top: number, height: number }} area
 * @param {boolean} isFalling
 * @param {string} color
 */
function hatch(ctx, { left, width, top, height }, isFalling, color) {
  const step = 9 * devicePixelRatio
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  ctx.strokeStyle = color
  ctx.lineWidth = 0.7 * devicePixelRatio
  ctx.beginPath()
  // Anchored to the page, not to the band: hatches of neighbours run on.
  for (let x = Math.floor((left - height) / step) * step; x < left + width + height; x += step) {
    ctx.moveTo(x, isFalling ? top : top + height)
    ctx.lineTo(x + height, isFalling ? top + height : top)
  }
  ctx.stroke()
  ctx.restore()
}

/**
 * @param {any} plot a uPlot
 * @param {{ fromMs: number, toMs: number, rule: Record<string, any> | null }[]} rules
 * @param {(name: string) => string} color
 */
export function drawLimits(plot, rules, color) {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.strokeStyle = color('--line-limit')
  ctx.lineWidth = 1.2 * devicePixelRatio
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
  for (const { fromMs, toMs, rule } of rules) {
    const left = Math.max(plot.valToPos(fromMs / 1000, 'x', true), bbox.left)
    const right = Math.min(plot.valToPos(toMs / 1000, 'x', true), bbox.left + bbox.width)
    for (const limit of [rule?.temperatureMin, rule?.temperatureMax]) {
      if (typeof limit !== 'number' || right <= left) continue
      const y = plot.valToPos(limit, 'y', true)
      ctx.beginPath()
      ctx.moveTo(left, y)
      ctx.lineTo(right, y)
      ctx.stroke()
    }
  }
  ctx.restore()
}

/**
 * The limits by stretch of time: those at the beginning, and those in force now from their instant on.
 * @param {UnitData} unit
 * @param {number} fromMs
 * @param {number} toMs
 */
export function rulesOver({ rule, ruleBefore }, fromMs, toMs) {
  const changedMs = rule ? Math.max(Date.parse(rule.validFrom), fromMs) : toMs
  return [
    { fromMs, toMs: changedMs, rule: ruleBefore },
    { fromMs: changedMs, toMs, rule },
  ]
}
