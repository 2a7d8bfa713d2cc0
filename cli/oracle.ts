/**
 * Oracle: the command group `sunward oracle`. Each command has its own file.
 */
import { Command } from 'commander';
import { sniffCommand } from './sniff.ts';

/** @param stop  made when a command begins that can be stopped */
export function oracleCommand(stop: () => AbortSignal): Command {
  const oracle = new Command('oracle').description('meters and the oracle: what they say, and to whom');
  oracle.addCommand(sniffCommand(stop));
  return oracle;
}
