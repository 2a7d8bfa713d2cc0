/**
 * Forecast: the command group `sunward forecast`. Each command has its own file.
 */
import type { Command } from 'commander';
import { backtestCommand } from './forecast-backtest.ts';
import { addSiteForecast } from './forecast-site.ts';

/** Adds `sunward forecast …` to the program. */
export function forecastCommand(program: Command): void {
  const forecast = program.command('forecast').description('forecasts with quantiles: make them, and score them');
  forecast.addCommand(backtestCommand());
  addSiteForecast(forecast);
}
