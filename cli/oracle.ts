/**
 * Oracle: the command group `sunward oracle`. Each command has its own file.
 */
import { Command } from 'commander';
import { feedsCommand } from './feeds.ts';
import { brokerConfigCommand } from './oracle-broker-config.ts';
import { credentialsCommand } from './oracle-credentials.ts';
import { keysCommand } from './oracle-keys.ts';
import { openapiCommand } from './oracle-openapi.ts';
import { retentionCommand } from './retention.ts';
import { sniffCommand } from './sniff.ts';
import { verdictsCommand } from './verdicts.ts';

/** @param stop  made when a command begins that can be stopped */
export function oracleCommand(stop: () => AbortSignal): Command {
  const oracle = new Command('oracle').description('meters and the oracle: what they say, to whom, and who may listen');
  oracle.addCommand(sniffCommand(stop));
  oracle.addCommand(credentialsCommand());
  oracle.addCommand(brokerConfigCommand());
  oracle.addCommand(keysCommand());
  oracle.addCommand(verdictsCommand());
  oracle.addCommand(feedsCommand());
  oracle.addCommand(openapiCommand());
  oracle.addCommand(retentionCommand());
  return oracle;
}
