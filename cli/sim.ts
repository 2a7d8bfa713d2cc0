/**
 * Sim command: what researchers ask of the simulator: scenarios run, published results recomputed, grids otherwise than they were.
 */
import { Command, Option } from 'commander';
import { economyCommand } from './sim-economy.ts';
import { gridCommand } from './sim-grid.ts';
import { papers, simPaper } from './sim-paper.ts';
import { simRun } from './sim-run.ts';

/** @param stop  made when a command begins that can be stopped */
export function simCommand(stop: () => AbortSignal): Command {
  const sim = new Command('sim').description('simulate: run scenarios, recompute published results, change grids, pay for a year');
  sim
    .command('run')
    .description('run a scenario: its policies on its sites, grids and jobs, seed by seed')
    .argument('<scenario>', 'a YAML file')
    .option('--out <folder>', 'where the results go (default: the scenario’s name with -results)')
    .option('--clairvoyant', 'compare with the plan that knows all signals and arrivals, too', false)
    .addOption(
      new Option(
        '--rows <seeds>',
        'rows of timeseries.csv and jobs.parquet; all of a small run and the first seed’s of a large one unless told',
      ).choices(['all', 'first', 'none']),
    )
    .option('--json', 'print the summary as JSON', false)
    .action((file: string, options) => simRun(file, { ...options, stop: stop() }));
  sim
    .command('paper')
    .description(`recompute a published result: ${Object.keys(papers).join(', ')}`)
    .argument('<name>')
    .requiredOption('--data <folder>', 'where the paper’s records lie, packed or not')
    .addOption(new Option('--mode <mode>', 'as it was computed then, or as it was meant; both unless told').choices(['compat', 'strict']))
    .option('--json', 'print the results as JSON', false)
    .action((name: string, options) => simPaper(name, options));
  sim.addCommand(gridCommand());
  sim.addCommand(economyCommand());
  return sim;
}
