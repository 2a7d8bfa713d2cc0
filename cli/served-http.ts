/**
 * Served over HTTP: the routers of the imitated APIs with their rows for the gate, and `/openapi.json`, which describes
 * them and both floors.
 */
import { randomBytes } from 'node:crypto';
import { Router } from 'express';
import { oracleContract } from '../energy-oracle/contract.ts';
import { servedApis, servedRouteRoles } from '../energy-oracle/served/api.ts';
import { createServed, type Served, type ServedPorts } from '../energy-oracle/served/served-apis.ts';
import { schedulerContract } from '../scheduler/contract.ts';
import type { RouteRow } from './door/route-table.ts';
import { type OpenApiDocument, openApiDocument } from './openapi.ts';
import { serverContract } from './server-contract.ts';

/** Everything this server answers: itself, both floors and the imitated APIs at their mounts. */
export const wholeDocument = ({ apis }: Pick<Served, 'apis'>): OpenApiDocument =>
  openApiDocument([serverContract, oracleContract, schedulerContract, ...apis]);

/** Routers in the order they are to be mounted, and the rows that let requests through to them. */
export interface ServedParts {
  readonly routers: readonly Router[];
  readonly rows: readonly RouteRow[];
}

/** Their rows for the gate: each API checks keys itself, wherever and however its clients show them. */
const rowsOf = ({ apis }: Served): readonly RouteRow[] =>
  servedRouteRoles(apis).map(({ method, path, role }) => ({
    method,
    path,
    roles: role === 'public' ? 'public' : 'asks for itself',
    whose: 'all',
    isLoose: true,
  }));

/** With `authenticate` a key is asked for, without it everybody may ask. @throws RangeError when two routes are at one path */
export function servedParts(ports: Omit<ServedPorts, 'randomHex'>): ServedParts {
  const served = createServed({ ...ports, randomHex: (bytes) => randomBytes(bytes).toString('hex') });
  let text: string | undefined; // made when it is first asked for, and the same ever after
  const document = Router();
  document.get('/openapi.json', (_request, response) => {
    text ??= JSON.stringify(wholeDocument(served));
    response.type('application/json').send(text);
  });
  const { apis, sessions } = served;
  const imitated = servedApis({ clock: ports.clock, apis, authenticate: ports.authenticate, keyBehind: sessions.keyBehind });
  return { routers: [document, imitated], rows: rowsOf(served) };
}
