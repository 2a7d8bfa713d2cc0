/**
 * Sim command: what researchers ask of the simulator: scenarios run, published results recomputed, grids otherwise than they were.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { simCompare } from './sim-compare.ts';
import { economyCommand } from './sim-economy.ts';
import { gridCommand } from './sim-grid.ts';
import { simNew, templates } from './sim-new.ts';
import { papers, simPaper } from './sim-paper.ts';
import { simRun } from './sim-run.ts';
import { simCell, simSweep } from './sim-sweep.ts';

const whole = (min: number, max: number) => (text: string) => {
  if (!/^\d+$/.test(text) || Number(text) < min || Number(text) > max)
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`);
  return Number(text);
};
const clairvoyantHelp = 'compare with the plan that knows all signals and arrivals, too';
/** Machines of more cores are not asked for more. */
const workersMax = 1_024;

/** @param stop  made when a command begins that can be stopped */
export function simCommand(stop: () => AbortSignal): Command {
  const sim = new Command('sim').description('simulate: run scenarios, recompute published results, change grids, pay for a year');
  sim
    .command('new')
    .description('write a commented scenario to begin with')
    .argument('[file]', 'never written over', 'scenario.yaml')
    .addOption(new Option('--template <name>', 'which').choices([...templates]).default('week'))
    .action((file: string, options) => simNew(file, options));
  sim
    .command('run')
    .description('run a scenario: its policies on its sites, grids and jobs, seed by seed')
    .argument('<scenario>', 'a YAML file')
    .option('--out <folder>', 'where the results go (default: the scenario’s name with -results)')
    .option('--clairvoyant', clairvoyantHelp, false)
    .addOption(
      new Option(
        '--rows <seeds>',
        'rows of timeseries.csv and jobs.parquet; all of a small run and the first seed’s of a large one unless told',
      ).choices(['all', 'first', 'none']),
    )
    .option('--json', 'print the summary as JSON', false)
    .action((file: string, options) => simRun(file, { ...options, stop: stop() }));
  sim
    .command('sweep')
    .description('run a scenario’s whole grid (variants × seeds × policies); finished cells are kept, the same command goes on')
    .argument('<scenario>', 'a YAML file, with its grid under sweep:')
    .option('--out <folder>', 'where cells and results go (default: the scenario’s name with -sweep)')
    .option('--clairvoyant', clairvoyantHelp, false)
    .option('--workers <count>', 'worker threads (default: one a core; 0: none, in this process)', whole(0, workersMax))
    .addOption(new Option('--engine <engine>', 'who runs the cells').choices(['threads', 'slurm']).default('threads'))
    .option('--submit-only', 'with Slurm: hand the cells over and do not wait; the same command collects them later', false)
    .option('--sbatch <arguments...>', 'with Slurm: more arguments of sbatch, such as --sbatch=--partition=long', [])
    .option('--json', 'print the summary as JSON', false)
    .action((file: string, options) => simSweep(file, { ...options, stop: stop() }));
  sim
    .command('cell')
    .description('run one task’s cells of a sweep and keep them: what a task of a Slurm array does')
    .argument('<scenario>', 'a YAML file')
    .argument('<task>', 'from 0', whole(0, 2 ** 31))
    .option('--of <tasks>', 'there are so many; cell i belongs to task i modulo this (default: one cell a task)', whole(1, 2 ** 31))
    .option('--out <folder>', 'as of sim sweep')
    .option('--clairvoyant', 'as of sim sweep', false)
    .action((file: string, task: number, options) => simCell(file, task, { ...options, stop: stop() }));
  sim
    .command('compare')
    .description('compare results seed by seed: policies within one folder, or the same policies in several')
    .argument('<folders...>', 'written by sim run or sim sweep; the first is the reference')
    .option('--policy <name>', 'only this policy; within one folder the one the others are compared with (default: the baseline)')
    .option('--json', 'print the differences as JSON', false)
    .action((folders: string[], options) => simCompare(folders, options));
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
