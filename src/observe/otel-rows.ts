// Which metric is read from where in a snapshot: its name, unit and kind, as OpenTelemetry's conventions have them. How it is reported is in otel.ts.
import { basename } from 'node:path'
import { ownerOf, totals } from './registry.ts'
import type { Snapshot } from './snapshot.ts'

/** `counter` never falls while its object lives; `level` goes up and down, and is summed over objects of one name; of a `gauge` the largest counts. */
export type MetricKind = 'counter' | 'level' | 'gauge'

export type Attributes = Readonly<Record<string, string | boolean>>

export interface Metric {
  readonly name: string
  readonly kind: MetricKind
  readonly unit: string
  readonly description: string
  /** A place in a sequence that outlives its object: the next object goes on from there, so nothing is added. */
  readonly isPosition?: boolean
}

/** One number of one object; several may belong to one metric, told apart by attributes. */
export interface Reading<S> extends Metric {
  readonly of: (source: S) => number
  readonly attributes?: Attributes
}

export interface Section<S> {
  readonly sources: (snapshot: Snapshot) => readonly S[]
  /** The metrics in the snapshot that a source is part of; itself if left out. */
  readonly within?: (source: S) => object
  readonly attributes: (source: S) => Attributes
  readonly readings: readonly Reading<S>[]
}

type Of<K extends Exclude<keyof Snapshot, 'at'>> = Snapshot[K][number]

function metric(kind: MetricKind, name: string, unit: string, description: string): Metric {
  return { kind, name: `sluicegate.${name}`, unit, description }
}

const exits = metric('counter', 'process.exits', '{process}', 'Children that have exited')
const waiting = metric('level', 'channel.waiting', '{operation}', 'Senders and receivers that wait')
const jobs = metric('counter', 'queue.jobs', '{job}', 'Jobs that have ended')

const overall: Section<typeof totals> = {
  sources: () => [totals],
  attributes: () => ({}),
  readings: [
    { ...metric('counter', 'process.spawns', '{process}', 'Programs executed'), of: from => from.spawned },
    { ...metric('counter', 'process.spawn_errors', '{process}', 'Starts that failed'), of: from => from.failedStarts },
    { ...exits, attributes: { 'sluicegate.ok': true }, of: from => from.exitedOk },
    { ...exits, attributes: { 'sluicegate.ok': false }, of: from => from.exitedNotOk },
    { ...metric('counter', 'batch.batches', '{batch}', 'Batches handed out'), of: from => from.batches },
    { ...metric('counter', 'batch.items', '{item}', 'Items in these batches'), of: from => from.batchItems },
  ],
}

const processes: Section<Of<'processes'>> = {
  sources: snapshot => snapshot.processes,
  // Neither arguments nor pids: the ones may be secret, the others make a series of their own each.
  attributes: ({ file }) => ({ 'process.executable.name': basename(file) }),
  readings: [
    { ...metric('level', 'process.alive', '{process}', 'Children that run'), of: () => 1 },
    {
      ...metric('level', 'process.piped', 'By', 'Bytes in the pipes of children that run'),
      of: from => from.pipedBytes,
    },
  ],
}

const channels: Section<Of<'channels'>> = {
  sources: snapshot => snapshot.channels,
  attributes: ({ name }) => ({ 'sluicegate.channel.name': name }),
  readings: [
    { ...metric('level', 'channel.length', '{item}', 'Items held'), of: from => from.length },
    { ...metric('level', 'channel.capacity', '{item}', 'Items that can be held'), of: from => from.capacity },
    { ...metric('gauge', 'channel.fill_ratio', '1', 'The fuller of its bounds'), of: from => from.fillRatio },
    { ...metric('counter', 'channel.sent', '{item}', 'Items accepted'), of: from => from.sent },
    { ...metric('counter', 'channel.received', '{item}', 'Items received'), of: from => from.received },
    { ...metric('counter', 'channel.dropped', '{item}', 'Items dropped'), of: from => from.dropped },
    { ...waiting, attributes: { 'sluicegate.side': 'send' }, of: from => from.waitingSenders },
    { ...waiting, attributes: { 'sluicegate.side': 'receive' }, of: from => from.waitingReceivers },
    { ...metric('counter', 'channel.send_wait', 's', 'Time senders waited'), of: from => from.sendWaitMs.total / 1000 },
  ],
}

const queues: Section<Of<'queues'>> = {
  sources: snapshot => snapshot.queues,
  attributes: ({ name }) => ({ 'sluicegate.queue.name': name }),
  readings: [
    { ...metric('level', 'queue.running', '{job}', 'Jobs that run'), of: from => from.running },
    { ...metric('level', 'queue.waiting', '{job}', 'Jobs that wait for a slot'), of: from => from.waiting },
    { ...metric('level', 'queue.delayed', '{job}', 'Jobs that wait for another try'), of: from => from.delayed },
    { ...jobs, attributes: { 'sluicegate.outcome': 'completed' }, of: from => from.completed },
    { ...jobs, attributes: { 'sluicegate.outcome': 'failed' }, of: from => from.failed },
    { ...jobs, attributes: { 'sluicegate.outcome': 'dropped' }, of: from => from.dropped },
    { ...metric('counter', 'queue.wait', 's', 'Time jobs waited'), of: from => from.waitMs.total / 1000 },
    { ...metric('counter', 'queue.run', 's', 'Time jobs ran'), of: from => from.runMs.total / 1000 },
  ],
}

const edges: Section<{ readonly flow: Of<'flows'>; readonly edge: Of<'flows'>['edges'][number] }> = {
  sources: ({ flows }) => flows.flatMap(flow => flow.edges.map(edge => ({ flow, edge }))),
  within: ({ flow }) => flow,
  attributes: ({ flow, edge }) => ({ 'sluicegate.flow.name': flow.name, 'sluicegate.flow.edge': edge.name }),
  readings: [
    { ...metric('level', 'flow.length', '{value}', 'Values held'), of: ({ edge }) => edge.length },
    { ...metric('gauge', 'flow.fill_ratio', '1', 'How full an edge is'), of: ({ edge }) => edge.fillRatio },
    { ...metric('counter', 'flow.values', '{value}', 'Values that went on'), of: ({ edge }) => edge.received },
    { ...metric('counter', 'flow.dropped', '{value}', 'Values dropped'), of: ({ edge }) => edge.dropped },
  ],
}

const stages: Section<Of<'stages'>> = {
  sources: snapshot => snapshot.stages,
  attributes: ({ name }) => ({ 'sluicegate.stage.name': name }),
  readings: [
    { ...metric('level', 'stage.demand', '{event}', 'Events asked for and not given yet'), of: from => from.demand },
    { ...metric('level', 'stage.buffered', '{event}', 'Events held'), of: from => from.buffered },
    { ...metric('counter', 'stage.discarded', '{event}', 'Events discarded'), of: from => from.discarded },
    { ...metric('counter', 'stage.handled', '{event}', 'Events handled'), of: from => from.handled },
  ],
}

const processors: Section<{
  readonly pipeline: Of<'pipelines'>
  readonly name: string
  readonly at: Of<'pipelines'>['processors'][string]
}> = {
  sources: ({ pipelines }) =>
    pipelines.flatMap(pipeline => Object.entries(pipeline.processors).map(([name, at]) => ({ pipeline, name, at }))),
  within: ({ pipeline }) => pipeline,
  attributes: ({ pipeline, name }) => ({
    'sluicegate.pipeline.name': pipeline.name,
    'sluicegate.processor.name': name,
  }),
  readings: [
    { ...metric('level', 'pipeline.lag', '{event}', 'Events not published yet'), of: ({ at }) => at.lag },
    {
      ...metric('counter', 'pipeline.published', '{event}', 'Events published'),
      isPosition: true,
      of: ({ at }) => at.published,
    },
    { ...metric('counter', 'pipeline.retries', '{attempt}', 'Attempts after the first'), of: ({ at }) => at.retries },
    { ...metric('counter', 'pipeline.dead_letters', '{event}', 'Events given up'), of: ({ at }) => at.deadLetters },
  ],
}

const valves: Section<Of<'valves'>> = {
  sources: snapshot => snapshot.valves,
  attributes: ({ name }) => ({ 'sluicegate.valve.name': name }),
  readings: [
    { ...metric('level', 'valve.leases', '{lease}', 'Leases that apply pressure'), of: from => from.leases },
    { ...metric('level', 'valve.muted_senders', '{sender}', 'Senders held back'), of: from => from.mutedSenders },
    { ...metric('counter', 'valve.applied', 's', 'Time under pressure'), of: from => from.appliedMs / 1000 },
  ],
}

/** `owner` stands for the object that the value is of. */
export type Report = (metric: Metric, value: number, attributes: Attributes, owner: object) => void

/** A section whose sources are read, whatever they are. */
export interface AnySection {
  readonly metrics: readonly Metric[]
  readonly read: (snapshot: Snapshot, report: Report) => void
}

function anySection<S extends object>({ sources, within, attributes, readings }: Section<S>): AnySection {
  return {
    metrics: readings,
    read: (snapshot, report) => {
      for (const source of sources(snapshot)) {
        const own = attributes(source)
        const owner = ownerOf(within?.(source) ?? source)
        for (const reading of readings) report(reading, reading.of(source), { ...own, ...reading.attributes }, owner)
      }
    },
  }
}

export const sections: readonly AnySection[] = [
  anySection(overall),
  anySection(processes),
  anySection(channels),
  anySection(queues),
  anySection(edges),
  anySection(stages),
  anySection(processors),
  anySection(valves),
]
