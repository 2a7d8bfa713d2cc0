/**
 * Served over HTTP: the routers of the imitated APIs, and `/openapi.json`, which describes them and both floors.
 */
import { randomBytes } from 'node:crypto';
import { Router } from 'express';
import { oracleContract } from '../energy-oracle/contract.ts';
import { servedApis } from '../energy-oracle/served/api.ts';
import { createServed, type Served, type ServedPorts } from '../energy-oracle/served/served-apis.ts';
import { schedulerContract } from '../scheduler/contract.ts';
import { type OpenApiDocument, openApiDocument } from './openapi.ts';

/** Everything this server answers: both floors and the imitated APIs at their mounts. */
export const wholeDocument = ({ apis }: Pick<Served, 'apis'>): OpenApiDocument =>
  openApiDocument([oracleContract, schedulerContract, ...apis]);

/** The routers, in the order they are to be mounted. @throws RangeError when two routes are at one path */
export function servedRouters(ports: Omit<ServedPorts, 'randomHex'>): readonly Router[] {
  const served = createServed({ ...ports, randomHex: (bytes) => randomBytes(bytes).toString('hex') });
  let text: string | undefined; // made when it is first asked for, and the same ever after
  const document = Router();
  document.get('/openapi.json', (_request, response) => {
    text ??= JSON.stringify(wholeDocument(served));
    response.type('application/json').send(text);
  });
  const { apis, sessions } = served;
  return [document, servedApis({ clock: ports.clock, apis, authenticate: ports.authenticate, keyBehind: sessions.keyBehind })];
}
