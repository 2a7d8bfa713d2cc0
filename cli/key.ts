/**
 * `sunward key`: make a meter's key, and tell the oracle with the owner's wallet which key is valid from when.
 *
 * The wallet's secret is read from a file, never from the command line, and leaves this process only as a signature.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { signingKey } from '../energy-oracle/site.ts';
import { createOwnerWallet, type OwnerWallet } from '../energy-oracle/telemetry/keys/ethers-owner-wallet.ts';
import type { KeysWire } from '../energy-oracle/telemetry/keys/http-key-api.ts';
import { type KeyAction, type KeyStatement, statementWire } from '../energy-oracle/telemetry/keys/key-statement.ts';
import { wallClock } from '../units/clock.ts';
import { type Instant, parseInstant, SLOT, slotOf } from '../units/time.ts';
import { table } from './table.ts';

interface StatementOptions {
  readonly site: string;
  readonly meterKey: string;
  readonly wallet: string;
  readonly from?: Instant;
  readonly api: string;
  readonly json: boolean;
}

const meterKey = (text: string): string => {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('expected the public key that `sunward key FILE` prints: 64 digits in hex');
};
const slotStart = (text: string): Instant => {
  const instant = parseInstant(text);
  if (instant !== undefined && instant % SLOT === 0) return instant;
  throw new InvalidArgumentError('expected the start of a quarter hour in RFC 3339, such as 2026-06-21T12:15:00Z');
};

/** So long an oracle may take to answer. */
const answerMsMax = 10_000;

/** `sunward key FILE`, `sunward key enrol|rotate|revoke`. */
export function keyCommand(): Command {
  const command = new Command('key')
    .description('make a meter key: the secret goes to a file, the public half is printed')
    .argument('<file>')
    .action(makeKey);
  const actions: readonly (readonly [KeyAction, string, string])[] = [
    ['enrol', 'enrol the key of a meter that has no valid one', 'first slot it is valid for (default: the slot that begins next)'],
    ['rotate', 'let another key follow the one in force', 'first slot it is valid for (default: the slot that begins next)'],
    [
      'revoke',
      'end a key: nothing it signs is believed of this slot and later ones',
      'first slot it is not valid for (default: the slot of now)',
    ],
  ];
  for (const [action, description, from] of actions)
    command
      .command(action)
      .description(description)
      .requiredOption('--site <id>', 'as in the fleet file')
      .requiredOption('--meter-key <hex>', 'public key of the meter', meterKey)
      .requiredOption('--wallet <file>', 'private key of the site’s owner: 0x and 64 digits in hex')
      .option('--from <instant>', from, slotStart)
      .option('--api <url>', 'of the oracle', 'http://127.0.0.1:7070')
      .option('--json', 'print the answer as JSON', false)
      .action((options: StatementOptions) => tellKey(action, options));
  return command;
}

function makeKey(file: string): void {
  const seed = randomBytes(32);
  try {
    writeFileSync(file, `${seed.toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Error(code === 'EEXIST' ? `${file} is there already; a key is never written over, name another file` : message, { cause });
  }
  process.stdout.write(`${signingKey(seed).publicKey}\n`);
}

async function tellKey(action: KeyAction, options: StatementOptions): Promise<void> {
  const wallet = walletIn(options.wallet);
  const url = `${options.api.replace(/\/$/, '')}/v1/sites/${encodeURIComponent(options.site)}/keys`;
  const { provider, owner, nonce } = await answered<KeysWire>(url);
  if (owner.toLowerCase() !== wallet.address.toLowerCase())
    throw new Error(`${options.site} belongs to ${owner}; the wallet in ${options.wallet} is ${wallet.address}`);
  const now = slotOf(wallClock.now());
  const from = options.from ?? (action === 'revoke' ? now : now + SLOT);
  const statement: KeyStatement = { action, provider, site: options.site, meterKey: options.meterKey, from, nonce };
  const body = JSON.stringify(statementWire(statement, await wallet.sign(statement)));
  const keys = await answered<KeysWire>(url, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  process.stdout.write(options.json ? `${JSON.stringify(keys, null, 2)}\n` : `${keysText(keys)}\n`);
}

function walletIn(file: string): OwnerWallet {
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw new Error('expected 0x and 64 digits in hex, and nothing else');
    return createOwnerWallet(text);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException; // never the text itself
    throw new Error(`wallet ${file}: ${code === 'ENOENT' ? 'no such file' : message}`, { cause });
  }
}

async function answered<Wire>(url: string, request: RequestInit = {}): Promise<Wire> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(answerMsMax) }).catch((cause: unknown) => {
    throw new Error(`${url} does not answer; is the oracle running there? name another with --api`, { cause });
  });
  const body = (await response.json().catch(() => ({}))) as Wire & { readonly error?: string; readonly detail?: string };
  if (!response.ok) throw new Error(`${response.status} ${body.error ?? ''}: ${body.detail ?? 'the oracle said no more'}`);
  return body;
}

const keysText = ({ site, owner, keys }: KeysWire): string =>
  [
    `Keys of ${site}, whose owner is ${owner}:`,
    table(
      ['KEY', 'FROM', 'UNTIL', 'NOW'],
      keys.map(({ meterKey, from, until, ended, valid }) => [
        meterKey,
        from ?? 'ever',
        until === null ? '' : `${until} (${ended})`,
        valid ? 'valid' : 'not valid',
      ]),
    ),
  ].join('\n');
