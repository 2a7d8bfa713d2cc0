/**
 * World mark: the virtual instant up to which everything is stored, kept in the same database as what it vouches for.
 */
import type { Pool } from 'pg';
import type { WorldMark } from '../simulator/world.ts';

export const worldMarkSchema = `create table if not exists world_mark (world text primary key, instant bigint not null)`;

/** @param world  names the scenario; a data folder holds one world, and another one is refused by its own name */
export const createWorldMark = (pool: Pool, world: string): WorldMark => ({
  load: async () => {
    const { rows } = await pool.query<{ world: string; instant: string }>('select world, instant from world_mark');
    const other = rows.find((row) => row.world !== world);
    if (other)
      throw new RangeError(
        `this data folder holds the world "${other.world}", asked for was "${world}"; choose another folder with --data or remove this one`,
      );
    return rows[0] ? Number(rows[0].instant) : undefined;
  },
  save: async (instant) => {
    await pool.query('insert into world_mark values ($1, $2) on conflict (world) do update set instant = excluded.instant', [
      world,
      instant,
    ]);
  },
});
