/**
 * Registered routes: what an express application answers, read off the application itself.
 *
 * So that a route somebody adds without a row in the table is found before it is served.
 */
import type { Express } from 'express';
import type { RouteRow } from './route-table.ts';

/** The part of express's own layers that is read here. */
interface Layer {
  readonly route?: { readonly path: string | readonly string[]; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle: { readonly stack?: readonly Layer[] };
}

/** Every `METHOD /path` that is registered, routers' included, in order. */
export const registeredRoutes = (app: Express): readonly string[] => routesIn(app.router.stack as unknown as readonly Layer[]);

const routesIn = (layers: readonly Layer[]): readonly string[] =>
  layers.flatMap(({ route, handle }) => {
    if (!route) return routesIn(handle.stack ?? []);
    const paths = typeof route.path === 'string' ? [route.path] : route.path;
    return paths.flatMap((path) => Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${path}`));
  });

/** Registered routes that no row tells of. */
export function undeclaredRoutes(app: Express, rows: readonly RouteRow[]): readonly string[] {
  const declared = new Set(rows.map(({ method, path }) => `${method} ${path}`));
  return registeredRoutes(app).filter((route) => !declared.has(route));
}
