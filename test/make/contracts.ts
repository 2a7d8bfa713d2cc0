/**
 * Contracts: compiles `scheduler/settlement/contracts/*.sol` and writes ABI and bytecode beside them.
 *
 * `npm run contracts` writes; the freshness test compiles again and compares, so that the committed JSON is always
 * what the committed Solidity says. Deterministic: no metadata hash in the bytecode. A warning is an error.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

interface SolcOutput {
  readonly errors?: readonly { readonly formattedMessage: string }[];
  readonly contracts: Readonly<
    Record<string, Readonly<Record<string, { abi: unknown; evm: { bytecode: { object: string }; deployedBytecode: { object: string } } }>>>
  >;
}
type ImportCallback = (path: string) => { contents: string } | { error: string };

const folder = fileURLToPath(new URL('../../scheduler/settlement/contracts/', import.meta.url));
const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/**
 * Text of the JSON file per contract name. Takes some seconds.
 *
 * @param more  further sources by contract name, compiled beside the product's (contracts that only tests have)
 * @throws Error with solc's messages
 */
export function compileContracts(more: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> {
  const solc = createRequire(import.meta.url)('solc') as {
    compile(input: string, callbacks: { import: ImportCallback }): string;
    version(): string;
  };
  const files = readdirSync(folder).filter((file) => file.endsWith('.sol'));
  const sources = new Map(files.map((file) => [file, readFileSync(`${folder}${file}`, 'utf8')]));
  for (const [name, content] of Object.entries(more)) sources.set(`${name}.sol`, content);
  const names = [...sources.keys()].map((file) => file.slice(0, -'.sol'.length)).sort();
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries([...sources].map(([file, content]) => [file, { content }])),
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 1_000_000 },
      metadata: { appendCBOR: false, bytecodeHash: 'none' },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
    },
  };
  const imported = (path: string) => {
    if (!path.startsWith('@openzeppelin/')) return { error: `only @openzeppelin may be imported, not ${path}` };
    const contents = readFileSync(`${packages}${path}`, 'utf8');
    sources.set(path, contents);
    return { contents };
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: imported })) as SolcOutput;
  if (output.errors?.length) throw new Error(output.errors.map((error) => error.formattedMessage).join('\n'));
  const hash = createHash('sha256');
  for (const [file, content] of [...sources].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${file}\n${content}\n`);
  const sourcesSha256 = hash.digest('hex');
  return new Map(
    names.map((name) => {
      const made = output.contracts[`${name}.sol`]?.[name];
      if (!made) throw new Error(`${name}.sol declares no contract ${name}`);
      const json = {
        contract: name,
        compiler: solc.version(),
        sourcesSha256,
        abi: made.abi,
        bytecode: `0x${made.evm.bytecode.object}`,
        deployedBytecode: `0x${made.evm.deployedBytecode.object}`,
      };
      return [name, `${JSON.stringify(json, null, 2)}\n`];
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of compileContracts()) {
    writeFileSync(`${folder}${name}.json`, text);
    console.log(`${name}.json  ${text.length} bytes`);
  }
}
