/**
 * Recompute a settlement as a stranger: the root, the total and the hash of the leaf file, from the published claims.
 *
 * `node docs/recompute-settlement.mjs [url of the API]`. Shares no code with the project: ethers encodes and hashes. Trusts the API
 * for names and amounts only; what it recomputes is compared with what the contract holds. Exits 1 when anything differs.
 */
import { AbiCoder, Contract, id, JsonRpcProvider, keccak256, toUtf8Bytes } from 'ethers';

const api = process.argv[2] ?? 'http://127.0.0.1:7070';
const ask = async (path) => {
  const response = URL.canParse(path, api) && (await fetch(new URL(path, api)).catch(() => undefined));
  if (response?.ok) return response.json();
  console.error(
    `${response ? `status ${response.status}` : 'nothing answers'} at ${api}; start the river with \`npm start\`, or give its URL`,
  );
  process.exit(1);
};
const [claims, status] = await Promise.all([ask('/v1/claims'), ask('/v1/status')]);
const provider = new JsonRpcProvider(status.parts.find(({ part }) => part === 'chain').address);
const { chainId } = await provider.getNetwork();
const contract = new Contract(
  claims.contract,
  [
    'function root() view returns (bytes32)',
    'function promised() view returns (uint256)',
    'event Settled(uint256 indexed period, bytes32 indexed root, uint256 cumulativeTotal, uint256 cumulativeRewards, uint256 cumulativeCertifiedWh, bytes32 leavesHash)',
  ],
  provider,
);

const leaves = claims.providers
  .filter(({ promised }) => promised !== '0')
  .map(({ account, promised }) => ({ account: account.toLowerCase(), cumulative: promised }))
  .sort((a, b) => (a.account < b.account ? -1 : 1));

const hash = (types, values) => keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
const leafTag = id('sunward/settlement/leaf/1');
const nodeTag = id('sunward/settlement/node/1');
const nodeTypes = ['bytes32', 'bytes32', 'uint256', 'bytes32', 'uint256'];
const parent = (left, right) => ({
  hash: hash(nodeTypes, [nodeTag, left.hash, left.sum, right.hash, right.sum]),
  sum: left.sum + right.sum,
});
let level = leaves.map(({ account, cumulative }) => ({
  hash: hash(['bytes32', 'uint256', 'address', 'address', 'uint256'], [leafTag, chainId, claims.contract, account, cumulative]),
  sum: BigInt(cumulative),
}));
while (level.length > 1) {
  const above = [];
  for (let i = 0; i < level.length; i += 2) above.push(level[i + 1] ? parent(level[i], level[i + 1]) : level[i]);
  level = above;
}
const top = level[0] ?? { hash: id('sunward/settlement/empty/1'), sum: 0n };
const file = `${JSON.stringify({ format: 'sunward/leaves/1', chainId: String(chainId), contract: claims.contract, leaves })}\n`;

const settled = (await contract.queryFilter('Settled')).at(-1);
const checks = [
  ['root', top.hash, await contract.root()],
  ['total', top.sum, await contract.promised()],
  ['leavesHash', keccak256(toUtf8Bytes(file)), settled?.args.leavesHash],
];
for (const [what, found, onChain] of checks) console.log(what.padEnd(11), found === onChain ? 'agrees ' : 'DIFFERS', String(found));
provider.destroy();
process.exitCode = checks.every(([, found, onChain]) => found === onChain) ? 0 : 1;
