/**
 * Exposure: what would be open to strangers, found before anything listens.
 *
 * A loopback address is this machine's own; any other is the world. What is found refuses the start, or is told at the
 * start when the operator insists.
 */

export interface Exposed {
  /** Where HTTP listens. */
  readonly host: string;
  readonly tls: boolean;
  /** Keys that are good now; `undefined` when none are asked for. */
  readonly keys: number | undefined;
  /** Where the embedded broker listens for others; `undefined` when it does not. */
  readonly brokerHost: string | undefined;
  readonly brokerTls: boolean;
  /** Whether the broker knows who connects. */
  readonly brokerBinds: boolean;
  /** A broker elsewhere, by its URL. */
  readonly brokerUrl: string | undefined;
  /** What settles on chain is known to everybody: the embedded chain, or a key out of its documentation. */
  readonly demoChain: boolean;
}

/** True of this machine's own addresses. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);

/** Keys that stand in the manuals of development chains: anybody can spend what they hold. */
const demoKeys = [
  /^test test test test test test test test test test test junk$/,
  /^(0x)?ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80$/i,
];
export const isDemoKey = (key: string | undefined): boolean => key !== undefined && demoKeys.some((known) => known.test(key.trim()));

/** Everything that is open and should not be, and what to do about each; empty when all is well. */
export function exposuresOf({ host, tls, keys, brokerHost, brokerTls, brokerBinds, brokerUrl, demoChain }: Exposed): readonly string[] {
  const public_ = !isLoopback(host);
  const brokerPublic = brokerHost !== undefined && !isLoopback(brokerHost);
  const found: (string | false)[] = [
    public_ && !tls && `the API on ${host} is without TLS: give --tls-cert and --tls-key`,
    public_ && keys === undefined && `the API on ${host} asks for no keys`,
    public_ && keys === 0 && `the API on ${host} has no key to be opened with: make one with \`sunward oracle keys add\``,
    public_ && demoChain && 'rewards settle with keys that everybody knows: set CHAIN_RPC_URL and CHAIN_KEY',
    brokerPublic && !brokerTls && `the broker on ${brokerHost} is without TLS: give --tls-cert and --tls-key`,
    !brokerBinds &&
      (brokerUrl === undefined
        ? 'the broker lets anybody in and do everything'
        : 'the broker is not said to bind connections to sites: unsigned readings are not taken; set MQTT_BINDS_SITES=1 when it does'),
    brokerUrl !== undefined &&
      /^(mqtt|ws):/.test(brokerUrl) &&
      !isLoopback(new URL(brokerUrl).hostname) &&
      'the line to the broker is without TLS: use mqtts://',
  ];
  return found.filter((line) => line !== false);
}
