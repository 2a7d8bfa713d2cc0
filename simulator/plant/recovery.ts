/**
 * Recovery: what happens to a site's agent and lines at the edges of its outages.
 *
 * Without power the agent is gone as by a kill and its runs fall back to their checkpoints; with it an agent takes up the
 * journal of the dead one. A line that comes back is opened again and everything in its spool has its receipt before the
 * clock moves on. Runs before anything else of a step.
 */
import type { Sender } from '../../energy-oracle/telemetry/sender.ts';
import type { Agent } from '../../scheduler/agent/agent.ts';
import { type Instant, toIso } from '../../units/time.ts';
import type { HazardEngine } from './hazard-engine.ts';
import type { SiteFaults } from './site-faults.ts';

export interface Recovery {
  /** Brings agents and lines to the state of the instant. */
  meet(now: Instant): Promise<void>;
  /** True while the site's agent is dead, or was never opened, for want of power. */
  isDown(site: number): boolean;
}

/** All by the index of the site; `agents` is written to: a new agent replaces a dead one. At `begin` nobody is opened yet. */
export function createRecovery({
  faults,
  engines,
  senders,
  agents,
  agentAt,
  begin,
  say,
}: {
  readonly faults: readonly SiteFaults[];
  readonly engines: readonly (HazardEngine | undefined)[];
  readonly senders: readonly { readonly site: number | undefined; readonly sender: Sender }[];
  readonly agents: Agent[];
  readonly agentAt: (site: number) => Agent;
  readonly begin: Instant;
  readonly say: (kind: 'system', text: string) => void;
}): Recovery {
  const at = (holds: (fault: SiteFaults) => boolean) => new Set(faults.flatMap((fault, site) => (holds(fault) ? [site] : [])));
  const down = at((fault) => fault.isDown(begin));
  const cut = at((fault) => fault.isCut(begin));

  async function losePower(site: number, now: Instant): Promise<void> {
    down.add(site);
    agents[site]?.kill();
    await engines[site]?.cutPower();
    say('system', `${faults[site]?.site} has no power since ${toIso(now)}`);
  }
  async function regainPower(site: number): Promise<void> {
    down.delete(site);
    const agent = agentAt(site);
    agents[site] = agent;
    await agent.open();
    say('system', `${faults[site]?.site} has power again`);
  }
  async function reconnect(site: number): Promise<void> {
    cut.delete(site);
    const own = senders.filter((one) => one.site === site);
    await Promise.all(own.map(({ sender }) => sender.open()));
    await Promise.all(own.map(({ sender }) => sender.flush()));
    say('system', `${faults[site]?.site} is heard again`);
  }
  return {
    isDown: (site) => down.has(site),
    meet: async (now) => {
      for (const [site, fault] of faults.entries()) {
        const [isDown, isCut] = [fault.isDown(now), fault.isCut(now)];
        if (isDown && !down.has(site)) await losePower(site, now);
        else if (!isDown && down.has(site)) await regainPower(site);
        if (isCut) cut.add(site);
        else if (cut.has(site)) await reconnect(site);
      }
    },
  };
}
