/**
 * Sim command: what researchers ask of the simulator. So far: published results.
 */
import { Command, Option } from 'commander';
import { papers, simPaper } from './sim-paper.ts';

export function simCommand(): Command {
  const sim = new Command('sim').description('simulate: published results recomputed');
  sim
    .command('paper')
    .description(`recompute a published result: ${Object.keys(papers).join(', ')}`)
    .argument('<name>')
    .requiredOption('--data <folder>', 'where the paper’s records lie, packed or not')
    .addOption(new Option('--mode <mode>', 'as it was computed then, or as it was meant; both unless told').choices(['compat', 'strict']))
    .option('--json', 'print the results as JSON', false)
    .action((name: string, options) => simPaper(name, options));
  return sim;
}
