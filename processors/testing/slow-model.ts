/**
 * The slowest reading of semantics.md: time goes on second by second, and at each second everything is asked again. No
 * timers, no sums of spans, no revisions; what it knows of the processors is the names of their fields.
 */
import { type Calendar, calendar, spanAt } from './local-time.ts'
import type { SlowBudget, SlowRule, SlowSample, SlowWorld } from './slow-worlds.ts'

type Direction = 'high' | 'low'
type Excursion = {
  direction: Direction
  startS: number
  endS: number | null
  confirmedS: number | null
  criticalS: number | null
  values: number[]
  knownS: number
  degreeSeconds: number
}
type Opening = { startS: number; endS: number | null; warningS: number | null; criticalS: number | null }
type Silence = Opening & { detectedS: number; missed: number | null }
type Use = { budget: SlowBudget; startS: number | null; usedS: number; exceededS: number | null }
export type SlowUse = { name: string; startS: number; exceededS: number; endS: number | null; usedS: number }
export type SlowHour = {
  startS: number
  count: number
  sum: number
  outOfRange: number
  humidityCount: number
  knownS: number
  weighted: number
  mktNumerator: number
  aboveS: number
  belowS: number
  degreeSecondsAbove: number
  degreeSecondsBelow: number
  doorOpenings: number
  doorOpenS: number
}
type Alert = { type: string; causeS: number; triggeredS: number; resolvedS: number | null }

const emptyHour = (startS: number): SlowHour => ({
  ...{ startS, count: 0, sum: 0, outOfRange: 0, humidityCount: 0, knownS: 0, weighted: 0, mktNumerator: 0 },
  ...{ aboveS: 0, belowS: 0, degreeSecondsAbove: 0, degreeSecondsBelow: 0, doorOpenings: 0, doorOpenS: 0 },
})

const noRule: SlowRule = {
  ...{ fromS: Number.NEGATIVE_INFINITY, tempMin: Number.NEGATIVE_INFINITY, tempMax: Infinity },
  ...{ confirmClosedS: 0, confirmOpenS: 0, maskS: Infinity, maxS: Infinity, doorWarningS: Infinity },
  ...{ doorCriticalS: Infinity, intervalS: Infinity, holdS: Infinity, silenceWarningS: Infinity },
  ...{ silenceCriticalS: Infinity, delayS: 0, budgets: [] },
}

/** One unit at one second, and all that was written down until then. */
export class SlowUnit {
  readonly excursions: Excursion[] = []
  readonly openings: Opening[] = []
  readonly silences: Silence[] = []
  readonly alerts: Alert[] = []
  readonly uses: SlowUse[] = []
  readonly statuses: { atS: number; status: string }[] = []
  readonly hours: SlowHour[] = []
  readonly #calendar: Calendar
  #hour = emptyHour(0)
  #hourSpan = { startMs: 0, endMs: 0 }
  #rule = noRule
  #held: { value: number; atS: number; isLapsed: boolean } | null = null
  #excursion: Excursion | null = null
  #opening: Opening | null = null
  #isOpen = false
  #hasDoor = false
  #openTodayS = 0
  #lastSeenS: number | null = null
  #silence: Silence | null = null
  #restoringS: number | null = null
  readonly #thermometers = new Set<string>()
  #uses: Use[] = []
  #hasStarted = false

  constructor(world: SlowWorld) {
    this.#calendar = calendar(world.timeZone, world.startS * 1000, (world.endS + 3600) * 1000)
    const dayStarts = new Set(this.#calendar.days.map(({ startMs }) => startMs / 1000))
    let next = 0
    for (let s = world.startS; s <= world.endS; s++) {
      if (dayStarts.has(s)) this.#midnight(s)
      const version = world.rules.findLast(({ fromS }) => fromS <= s) ?? noRule
      const isNew = version !== this.#rule
      this.#rule = version
      for (let one = world.samples[next]; one !== undefined && one.atS === s; one = world.samples[++next])
        this.#observe(one, s)
      this.#instant(s, isNew)
      if (s < world.endS) this.#second(s)
    }
  }

  #hourAt(s: number): SlowHour {
    if (s >= this.#hourSpan.startMs / 1000 && s < this.#hourSpan.endMs / 1000) return this.#hour
    this.#hourSpan = spanAt(this.#calendar.hours, s * 1000)
    this.#hour = emptyHour(this.#hourSpan.startMs / 1000)
    this.hours.push(this.#hour)
    return this.#hour
  }

  #side(value: number): Direction | null {
    if (value > this.#rule.tempMax) return 'high'
    return value < this.#rule.tempMin ? 'low' : null
  }

  #observe({ device, temperature, humidity, doorOpen, history }: SlowSample, s: number): void {
    this.#hasStarted = true
    if (temperature !== null) this.#temperature(temperature, s)
    if (humidity !== null) this.#hourAt(s).humidityCount++
    if (doorOpen !== null && !(this.#hasDoor && doorOpen === this.#isOpen)) this.#door(doorOpen, s)
    if (temperature !== null) this.#thermometers.add(device)
    if (history || !this.#thermometers.has(device)) return
    this.#lastSeenS = s
    if (this.#silence === null) return
    const { intervalS } = this.#rule
    this.#silence.missed = intervalS === Infinity ? null : Math.floor((s - this.#silence.startS) / intervalS)
    this.#end(this.#silence, 'monitoring_interrupted', s)
    this.#silence = null
  }

  #temperature(value: number, s: number): void {
    const hour = this.#hourAt(s)
    const side = this.#side(value)
    hour.count++
    hour.sum += value
    if (side !== null) hour.outOfRange++
    if (this.#excursion !== null && this.#excursion.direction !== side) this.#endExcursion(s)
    if (side !== null) {
      if (this.#excursion === null) {
        const times = { startS: s, endS: null, confirmedS: null, criticalS: null }
        this.#excursion = { direction: side, ...times, values: [], knownS: 0, degreeSeconds: 0 }
        this.excursions.push(this.#excursion)
      }
      this.#excursion.values.push(value)
    }
    this.#held = { value, atS: s, isLapsed: false }
    this.#endStretches(s)
  }

  #endExcursion(s: number): void {
    if (this.#excursion === null) return
    if (this.#excursion.confirmedS !== null) this.#restoringS = s
    this.#end(this.#excursion, 'alarm_active', s)
    this.#excursion = null
  }

  #end(cause: { startS: number; endS: number | null }, type: string, s: number): void {
    cause.endS = s
    const alert = this.alerts.find((one) => one.type === type && one.resolvedS === null)
    if (alert !== undefined) alert.resolvedS = s
  }

  #door(isOpen: boolean, s: number): void {
    if (this.#opening !== null) this.#end(this.#opening, 'door_open', s)
    this.#opening = isOpen ? { startS: s, endS: null, warningS: null, criticalS: null } : null
    if (this.#opening !== null) {
      this.openings.push(this.#opening)
      this.#hourAt(s).doorOpenings++
    }
    this.#isOpen = isOpen
    this.#hasDoor = true
  }

  // Budgets

  #isBeyond({ side, limit, atLimit }: SlowBudget, value: number): boolean {
    if (value === limit) return atLimit
    return side === 'above' ? value > limit : value < limit
  }

  #endUse(use: Use, s: number): void {
    this.#uses = this.#uses.filter((one) => one !== use)
    const told = this.uses.findLast((one) => one.name === use.budget.name && one.startS === use.startS)
    if (told === undefined) return
    told.usedS = use.usedS
    const alert = this.alerts.find(
      (one) => one.type === `budget ${use.budget.name}` && one.resolvedS === null,
    )
    told.endS = s
    if (alert !== undefined) alert.resolvedS = s
  }

  #endStretches(s: number): void {
    if (this.#held === null) return
    for (const use of this.#uses)
      if (
        use.budget.over === 'consecutive' &&
        this.#names(use) &&
        !this.#isBeyond(use.budget, this.#held.value)
      )
        this.#endUse(use, s)
  }

  #midnight(s: number): void {
    this.#openTodayS = 0
    for (const use of this.#uses) if (use.budget.over === 'day') this.#endUse(use, s)
  }

  /** The rule still has the use's budget, perhaps with other limits. */
  #names(use: Use): boolean {
    const { name, over, lot } = use.budget
    const budget = this.#rule.budgets.find((b) => b.name === name && b.over === over && b.lot === lot)
    if (budget !== undefined) use.budget = budget
    return budget !== undefined
  }

  /** After the second's observations: what a new version ends, then what is due. */
  #instant(s: number, isNew: boolean): void {
    const rule = this.#rule
    const held = this.#held
    if (held !== null && s - held.atS > rule.holdS) held.isLapsed = true
    if (isNew) this.#judgeAgain(s)
    const isKnown = held !== null && !held.isLapsed
    this.#confirm(s, isKnown)
    this.#spend(s, isKnown)
    this.#fallSilent(s)
    this.#waitAtDoor(s)
    if (this.#restoringS !== null && s - this.#restoringS >= rule.delayS) this.#restoringS = null
    this.#alarm(s)
    const status = this.#status()
    if (this.#hasStarted && this.statuses.at(-1)?.status !== status) this.statuses.push({ atS: s, status })
    // At exactly the limit it was still known; from here on it is not.
    if (held !== null && s - held.atS >= rule.holdS) held.isLapsed = true
  }

  #judgeAgain(s: number): void {
    const held = this.#held
    const isJudged = held !== null && !held.isLapsed && held.atS !== s
    if (isJudged && this.#excursion !== null && this.#side(held.value) !== this.#excursion.direction)
      this.#endExcursion(s)
    for (const use of this.#uses) if (!this.#names(use)) this.#endUse(use, s)
    if (isJudged) this.#endStretches(s)
  }

  #confirm(s: number, isKnown: boolean): void {
    const { confirmOpenS, confirmClosedS, maskS, maxS } = this.#rule
    const excursion = this.#excursion
    if (excursion === null) return
    const isMasked = this.#isOpen && this.#openTodayS < maskS
    const lastsS = s - excursion.startS
    if (excursion.confirmedS === null && isKnown && lastsS >= (isMasked ? confirmOpenS : confirmClosedS))
      excursion.confirmedS = s
    if (excursion.confirmedS !== null && excursion.criticalS === null && lastsS >= maxS)
      excursion.criticalS = s
  }

  #spend(s: number, isKnown: boolean): void {
    for (const budget of this.#rule.budgets) {
      let use = this.#uses.find(
        (one) =>
          one.budget.name === budget.name && one.budget.over === budget.over && one.budget.lot === budget.lot,
      )
      const isBeyond = isKnown && this.#held !== null && this.#isBeyond(budget, this.#held.value)
      if (use === undefined && isBeyond && budget.minutes === 0) use = this.#begin(budget, s)
      if (use === undefined || use.exceededS !== null || use.usedS < budget.minutes * 60) continue
      use.exceededS = s
      use.startS ??= s
      const told = { name: budget.name, startS: use.startS, exceededS: s, endS: null, usedS: 0 }
      this.uses.push(told)
    }
  }

  #begin(budget: SlowBudget, s: number): Use {
    const use: Use = { budget, startS: s, usedS: 0, exceededS: null }
    this.#uses.push(use)
    return use
  }

  #fallSilent(s: number): void {
    const { holdS, silenceWarningS, silenceCriticalS } = this.#rule
    if (this.#lastSeenS === null) return
    const silentS = s - this.#lastSeenS
    if (this.#silence === null && silentS >= holdS) {
      const times = { startS: this.#lastSeenS, detectedS: s, endS: null, warningS: null, criticalS: null }
      this.#silence = { ...times, missed: null }
      this.silences.push(this.#silence)
    }
    if (this.#silence === null) return
    if (silentS >= silenceWarningS) this.#silence.warningS ??= s
    if (silentS >= silenceCriticalS) this.#silence.criticalS ??= s
  }

  #waitAtDoor(s: number): void {
    if (this.#opening === null) return
    if (s - this.#opening.startS >= this.#rule.doorWarningS) this.#opening.warningS ??= s
    if (s - this.#opening.startS >= this.#rule.doorCriticalS) this.#opening.criticalS ??= s
  }

  #alarm(s: number): void {
    const door = this.#opening
    const opened = door && (door.warningS !== null || door.criticalS !== null)
    const doorS = opened ? Math.min(door.warningS ?? Infinity, door.criticalS ?? Infinity) : null
    this.#raise('alarm_active', this.#excursion?.startS, this.#excursion?.confirmedS, s)
    this.#raise('monitoring_interrupted', this.#silence?.startS, this.#silence?.detectedS, s)
    this.#raise('door_open', door?.startS, doorS, s)
    for (const { budget, startS, exceededS } of this.#uses)
      this.#raise(`budget ${budget.name}`, startS, exceededS, s)
  }

  #raise(
    type: string,
    causeS: number | null | undefined,
    confirmedS: number | null | undefined,
    s: number,
  ): void {
    if (causeS === null || causeS === undefined || confirmedS === null || confirmedS === undefined) return
    if (s - confirmedS < this.#rule.delayS) return
    if (this.alerts.some((one) => one.type === type && one.resolvedS === null)) return
    this.alerts.push({ type, causeS, triggeredS: s, resolvedS: null })
  }

  #status(): string {
    if (this.#excursion !== null && this.#excursion.confirmedS !== null) return 'alarm_active'
    if (this.#silence !== null) return this.#silence.criticalS === null ? 'monitoring_interrupted' : 'offline'
    if (this.#excursion !== null) return 'excursion'
    return this.#restoringS === null ? 'ok' : 'restoring'
  }

  /** The second that begins now, under the rule that holds in it. */
  #second(s: number): void {
    if (this.#isOpen) {
      this.#hourAt(s).doorOpenS++
      this.#openTodayS++
    }
    const held = this.#held
    if (held === null || held.isLapsed) return
    const { tempMin, tempMax } = this.#rule
    const hour = this.#hourAt(s)
    hour.knownS++
    hour.weighted += held.value
    hour.mktNumerator += Math.exp(-10_000 / (held.value + 273.15))
    if (held.value > tempMax) {
      hour.aboveS++
      hour.degreeSecondsAbove += held.value - tempMax
    }
    if (held.value < tempMin) {
      hour.belowS++
      hour.degreeSecondsBelow += tempMin - held.value
    }
    if (this.#excursion !== null) {
      const beyond = this.#excursion.direction === 'high' ? held.value - tempMax : tempMin - held.value
      this.#excursion.knownS++
      this.#excursion.degreeSeconds += Math.max(0, beyond)
    }
    for (const budget of this.#rule.budgets) {
      if (!this.#isBeyond(budget, held.value)) continue
      const use =
        this.#uses.find(
          (one) =>
            one.budget.name === budget.name &&
            one.budget.over === budget.over &&
            one.budget.lot === budget.lot,
        ) ?? this.#begin(budget, s)
      use.usedS++
    }
  }
}
