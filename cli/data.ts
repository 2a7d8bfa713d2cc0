/**
 * Data: the command group `sunward data`. Each command has its own file.
 */
import { Command } from 'commander';
import { dataImportCommand } from './data-import.ts';

export const dataCommand = (): Command =>
  new Command('data').description('records of researchers: what Sunward understands of them').addCommand(dataImportCommand());
