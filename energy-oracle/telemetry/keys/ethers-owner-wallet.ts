/**
 * The owner's wallet, by ethers: signs key statements as EIP-712 typed data, and tells who signed one.
 *
 * Wallets with a key of their own only: a contract's signature (EIP-1271) would need its chain to check.
 */
import { verifyTypedData, Wallet } from 'ethers';
import { type KeyStatement, keyDomain, keyTypes, type SignerOf, typedMessage } from './key-statement.ts';

/** Recovers the address behind a signature. About 5 ms. */
export const ethersSignerOf: SignerOf = (statement, signature) => {
  try {
    return verifyTypedData(keyDomain, keyTypes, typedMessage(statement), signature);
  } catch {
    return undefined; // no point of the curve: nobody signed it
  }
};

export interface OwnerWallet {
  readonly address: string;
  /** 65 bytes in hex, 0x-prefixed. */
  sign(statement: KeyStatement): Promise<string>;
}

/** A wallet of a private key (0x-prefixed hex). @throws TypeError when it is none */
export function createOwnerWallet(privateKey: string): OwnerWallet {
  const wallet = new Wallet(privateKey);
  return { address: wallet.address, sign: (statement) => wallet.signTypedData(keyDomain, keyTypes, typedMessage(statement)) };
}
