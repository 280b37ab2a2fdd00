// `coldstream topology`: the graph of the stages, as text or as Mermaid.
import type { Command } from 'commander'
import { describeAsMermaid, describeAsText } from '../topology/describe.ts'
import { topology } from '../topology/topology.ts'

export function topologyCommand(program: Command): void {
  program
    .command('topology')
    .description('print the graph of stages, topics and state')
    .option('--mermaid', 'as a Mermaid flowchart')
    .action(({ mermaid }: { mermaid?: boolean }) => {
      process.stdout.write(`${mermaid ? describeAsMermaid(topology) : describeAsText(topology)}\n`)
    })
}
