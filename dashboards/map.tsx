/**
 * The world with the sites on it: the size of a circle is the surplus now, its colour says surplus or grid.
 *
 * Owns projection, the shade of the night and where labels go. The land is Natural Earth 1:110m, bundled. A site is a
 * button: click, Enter or Space selects it.
 */
import { geoCircle, geoGraticule10, geoNaturalEarth1, geoPath } from 'd3-geo';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import landTopology from 'world-atlas/land-110m.json';
import type { SiteWire } from '../energy-oracle/wire.ts';
import { antisolarPoint } from './daylight.ts';
import { formatKw } from './format.ts';
import { type Source, sourceOf, sourceWords } from './sites.tsx';

const topology = landTopology as unknown as Topology<{ land: GeometryCollection }>;
const land = feature(topology, topology.objects.land);
/** What fits the frame: the inhabited latitudes, without Antarctica. */
const frame = {
  type: 'MultiPoint' as const,
  coordinates: [
    [-168, 0],
    [178, 0],
    [0, 76],
    [0, -52],
  ],
};
/** Angles from the middle of the night: civil, nautical and full dark, drawn over each other. */
const nightRadii = [90, 84, 78];
const RADIUS_MIN = 5;
const RADIUS_MAX = 20;
const LABEL_HEIGHT = 16;
const LABEL_WIDTH_PER_LETTER = 7.2;

interface Pin {
  readonly site: SiteWire;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly source: Source;
  readonly label: { readonly x: number; readonly y: number; readonly anchor: 'start' | 'end' | 'middle' };
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const overlapArea = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

/** Puts each label where it covers least of what is already there: right, left, below or above its circle. */
function placedPins(bare: readonly Omit<Pin, 'label'>[], width: number, height: number): Pin[] {
  const taken: Box[] = bare.map(({ x, y, radius }) => ({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius }));
  return bare.map((pin) => {
    const wide = pin.site.name.length * LABEL_WIDTH_PER_LETTER;
    const gap = pin.radius + 5;
    const options = [
      { x: pin.x + gap, y: pin.y, anchor: 'start' as const, left: pin.x + gap },
      { x: pin.x - gap, y: pin.y, anchor: 'end' as const, left: pin.x - gap - wide },
      { x: pin.x, y: pin.y + gap + 7, anchor: 'middle' as const, left: pin.x - wide / 2 },
      { x: pin.x, y: pin.y - gap - 5, anchor: 'middle' as const, left: pin.x - wide / 2 },
    ].map(({ left, ...label }) => {
      const box = { left, right: left + wide, top: label.y - LABEL_HEIGHT / 2, bottom: label.y + LABEL_HEIGHT / 2 };
      const inside = overlapArea(box, { left: 0, top: 0, right: width, bottom: height });
      const cost = taken.reduce((sum, other) => sum + overlapArea(box, other), 0) + 3 * (wide * LABEL_HEIGHT - inside);
      return { label, box, cost };
    });
    const best = options.reduce((a, b) => (b.cost < a.cost - 1e-6 ? b : a));
    taken.push(best.box);
    return { ...pin, label: best.label };
  });
}

function pinsOf(
  sites: readonly SiteWire[],
  project: (point: [number, number]) => [number, number] | null,
  width: number,
  height: number,
): Pin[] {
  const largest = Math.max(1, ...sites.map((site) => site.now?.surplusKw ?? 0));
  const scale = width < 520 ? 0.7 : 1;
  const bare = sites.flatMap((site) => {
    const point = project([site.longitude, site.latitude]);
    if (!point) return [];
    const share = Math.sqrt(Math.max(0, site.now?.surplusKw ?? 0) / largest); // area, not radius, speaks
    return [{ site, x: point[0], y: point[1], radius: (RADIUS_MIN + share * (RADIUS_MAX - RADIUS_MIN)) * scale, source: sourceOf(site) }];
  });
  return placedPins(bare, width, height).sort((a, b) => b.radius - a.radius);
}

function useWidth() {
  const holder = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!holder.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)));
    observer.observe(holder.current);
    return () => observer.disconnect();
  }, []);
  return { holder, width };
}

export function WorldMap(props: {
  sites: readonly SiteWire[];
  selected: string | undefined;
  at: string | undefined;
  running: ReadonlyMap<string, number>;
  onSelect: (site: string) => void;
}) {
  const { holder, width } = useWidth();
  const height = Math.round(width * (width < 520 ? 0.56 : 0.5));
  const drawn = useMemo(() => {
    if (width === 0) return undefined;
    const projection = geoNaturalEarth1().fitExtent(
      [
        [6, 8],
        [width - 6, height - 8],
      ],
      frame,
    );
    const path = geoPath(projection);
    return { projection, path, land: path(land) ?? '', graticule: path(geoGraticule10()) ?? '' };
  }, [width, height]);
  const pins = useMemo(() => (drawn ? pinsOf(props.sites, drawn.projection, width, height) : []), [drawn, props.sites, width, height]);
  // The shade moves by a quarter of a degree a minute: a new path every virtual minute is enough.
  const minute = props.at ? Math.floor(Date.parse(props.at) / 60_000) : undefined;
  const nights = useMemo(
    () =>
      minute === undefined || !drawn
        ? []
        : nightRadii.map((radius) => ({
            radius,
            d:
              drawn.path(
                geoCircle()
                  .center(antisolarPoint(minute * 60_000))
                  .radius(radius)(),
              ) ?? '',
          })),
    [minute, drawn],
  );
  const pressed = (event: KeyboardEvent, site: string) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    props.onSelect(site);
  };

  return (
    <div className="map" ref={holder} style={{ minHeight: height || 200 }}>
      {drawn && (
        // biome-ignore lint/a11y/useSemanticElements: a drawing holds no fieldset
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="group" aria-label="World map of the sites">
          <path className="map-graticule" d={drawn.graticule} />
          <path className="map-land" d={drawn.land} />
          {nights.map(({ radius, d }) => (
            <path key={radius} className="map-night" d={d} />
          ))}
          {pins.map(({ site, x, y, radius, source, label }) => {
            const running = props.running.get(site.id) ?? 0;
            return (
              // biome-ignore lint/a11y/useSemanticElements: HTML buttons do not exist inside SVG
              <g
                key={site.id}
                className={`pin pin-${source} ${running > 0 ? 'pin-running' : ''} ${site.id === props.selected ? 'pin-selected' : ''}`}
                role="button"
                tabIndex={0}
                aria-pressed={site.id === props.selected}
                aria-label={`${site.name}, zone ${site.zone}: ${sourceWords[source]}, surplus ${formatKw(site.now?.surplusKw)} kW, ${running} running`}
                onClick={() => props.onSelect(site.id)}
                onKeyDown={(event) => pressed(event, site.id)}
                data-testid="map-site"
                data-site={site.id}
              >
                <circle className="pin-hit" cx={x} cy={y} r={Math.max(radius + 4, 14)} />
                <circle className="pin-halo" cx={x} cy={y} r={radius + 4} />
                <circle className="pin-dot" cx={x} cy={y} r={radius} />
                <text x={label.x} y={label.y} textAnchor={label.anchor} dominantBaseline="central">
                  {site.name}
                </text>
              </g>
            );
          })}
        </svg>
      )}
      <ul className="legend" aria-label="Legend of the map">
        <li>
          <i className="key key-surplus" />
          surplus now (size: kW)
        </li>
        <li>
          <i className="key key-grid" />
          grid only
        </li>
        <li>
          <i className="key key-unknown" />
          no verified slot yet
        </li>
        <li>
          <i className="key key-halo" />
          job running
        </li>
        <li>
          <i className="key key-night" />
          night
        </li>
      </ul>
    </div>
  );
}
