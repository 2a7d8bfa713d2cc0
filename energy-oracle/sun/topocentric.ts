/**
 * Topocentric: where the sun stands as seen from the ground, to a hundredth of a degree, for what decides about money.
 *
 * Owns the corrections that `position.ts` leaves out for speed: the pull of planets and Moon, all of nutation that
 * counts, dynamical time, and parallax. Within 0.005° of two independent ephemerides from 1990 to 2050. Refraction is
 * apart: the horizon of a certificate is a matter of geometry, the light a meter sees is one of air.
 */
import { DAY, type Instant, SECOND } from '../../units/time.ts';
import { apparentAt, overPlace, type SunPosition } from './position.ts';

/** Dynamical less universal time: 57 s in 1990, about 75 s in 2050; 10 s move the sun by 0.0001°. */
const deltaT = 66 * SECOND;
const J2000: Instant = 946_728_000_000;
const daysPerCentury = 36_525;
const radians = Math.PI / 180;
const arcSeconds = 1 / 3_600;
/** Horizontal parallax of the sun at its mean distance, degrees (Meeus, chapter 40). */
const parallaxDeg = 8.794 * arcSeconds;

const sin = (degrees: number) => Math.sin(degrees * radians);
const cos = (degrees: number) => Math.cos(degrees * radians);

/** Centre of the sun without air, from the surface of the Earth: latitude positive north, longitude east, degrees. */
export function topocentricSun(instant: Instant, latitude: number, longitude: number): SunPosition {
  const days = (instant - J2000) / DAY;
  const t = (instant + deltaT - J2000) / DAY / daysPerCentury;
  const node = 125.04452 - 1_934.136261 * t; // Meeus, chapter 22
  const sun = 280.4665 + 36_000.7698 * t;
  const moon = 218.3165 + 481_267.8813 * t;
  const anomaly = 357.52911 + 35_999.05029 * t;
  const eccentricity = 0.016708634 - 0.000042037 * t; // 25.4
  const trueAnomaly = anomaly + (1.914602 - 0.004817 * t) * sin(anomaly) + 0.019993 * sin(2 * anomaly);
  const distance = (1.000001018 * (1 - eccentricity ** 2)) / (1 + eccentricity * cos(trueAnomaly)); // 25.5, astronomical units
  // beyond the leading term, which `position.ts` has (chapter 22)
  const nutation = (-1.32 * sin(2 * sun) - 0.23 * sin(2 * moon) + 0.21 * sin(2 * node)) * arcSeconds;
  const obliquityDeg = (0.57 * cos(2 * sun) + 0.1 * cos(2 * moon) - 0.09 * cos(2 * node)) * arcSeconds;
  // Venus twice, Jupiter, a long period, the Moon (Meeus, Astronomical Formulae for Calculators, 1979, chapter 18; centuries from 1900)
  const u = t + 1;
  const pulled =
    0.00134 * cos(153.23 + 22_518.7541 * u) +
    0.00154 * cos(216.57 + 45_037.5082 * u) +
    0.002 * cos(312.69 + 32_964.3577 * u) +
    0.00178 * sin(231.19 + 20.2 * u) +
    0.00179 * sin(350.74 + 445_267.1142 * u - 0.00144 * u ** 2);
  const aberration = 0.00569 - (20.4898 * arcSeconds) / distance; // what the mean distance leaves, 25.10
  const fine = { longitudeDeg: pulled + nutation + aberration, obliquityDeg, siderealDeg: nutation * cos(23.44) };
  const { elevationDeg, azimuthDeg } = overPlace(apparentAt(days, t, fine), latitude, longitude);
  return { elevationDeg: elevationDeg - (parallaxDeg / distance) * cos(elevationDeg), azimuthDeg };
}

/** The sun's upper edge touches the horizon here, degrees without air: 34' of refraction and 16' of radius. */
const sunriseDeg = -50 / 60;

/**
 * How much air lifts the sun above where it stands without, degrees ≥ 0 (Saemundsson, Sky and Telescope 72, 1986; Meeus,
 * 16.4). 0 when no part of the sun is seen.
 */
export function refractionDeg(elevationDeg: number, pressureHpa = 1_010, temperatureC = 10): number {
  if (elevationDeg < sunriseDeg) return 0;
  const arcMinutes = 1.02 / Math.tan((elevationDeg + 10.3 / (elevationDeg + 5.11)) * radians);
  return Math.max(0, ((arcMinutes / 60) * pressureHpa * 283) / (1_010 * (273 + temperatureC)));
}
