"""Makes test/fixtures/sun/honest-pv.bin.gz and honest-pv.json: a year of honest roofs at 12 latitudes, from another model.

Run by hand, never in tests: /usr/bin/python3 test/make/honest-pv.py
Debian 12: python3-ephem 4.1.4 (libastro) for the sun, in air; numpy 1.24. Nothing here is the product's: clear sky by
Bird and Hulstrom (SERI/TR-642-761, 1981), sky and ground on the plane by Hay and Davies (1980), cells by Faiman (2008),
inverter with a start-up threshold, part load and clipping, clouds as a chain of clear, broken and closed skies whose
broken ones brighten at their edges, snow, meters of class 1, clocks that are a minute off. Every site declares its place
to a tenth of a degree and its panels to a few degrees, as people do.

One little-endian uint16 a slot of 2025, site after site: bits 0-14 tenths of a Wh of 10 kWp, bit 15 set when ephem has
the sun's centre (without air) below the horizon at every minute that was looked at.
"""

import gzip
import json
import math

import ephem
import numpy as np

SITES = [
    # name, latitude, longitude, altitude m, tilt, azimuth, tracking
    ("Alert", 82.50, -62.35, 30, 60, 180, False),
    ("Longyearbyen", 78.22, 15.65, 10, 90, 250, False),
    ("Tromso", 69.65, 18.96, 20, 45, 180, False),
    ("Fairbanks", 64.84, -147.72, 140, 50, 170, False),
    ("Berlin", 52.52, 13.40, 40, 30, 90, False),
    ("Davos", 46.80, 9.84, 1560, 70, 190, False),
    ("Phoenix", 33.45, -112.07, 330, 55, 180, True),
    ("Honolulu", 21.31, -157.86, 10, 15, 225, False),
    ("Quito", -0.18, -78.47, 2850, 5, 0, False),
    ("Alice Springs", -23.70, 133.88, 545, 20, 20, False),
    ("Ushuaia", -54.80, -68.30, 20, 40, 315, False),
    ("Amundsen-Scott", -89.90, 0.0, 2835, 90, 0, False),
]
STEP = 300
YEAR = 2025
PEAK_W = 10_000


def bird(zenith, pressure, ozone, water, aerosol, albedo):
    """Beam normal and diffuse level light of a clear sky, W/m2, for arrays of zenith angles below 90 degrees."""
    z = np.radians(zenith)
    mass = 1 / (np.cos(z) + 0.15 * (93.885 - zenith) ** -1.25)
    pm = mass * pressure / 1013
    outside = 1367.0
    tr = np.exp(-0.0903 * pm**0.84 * (1 + pm - pm**1.01))
    xo = ozone * mass
    to = 1 - 0.1611 * xo * (1 + 139.48 * xo) ** -0.3035 - 0.002715 * xo / (1 + 0.044 * xo + 0.0003 * xo**2)
    tg = np.exp(-0.0127 * pm**0.26)
    xw = water * mass
    tw = 1 - 2.4959 * xw / ((1 + 79.034 * xw) ** 0.6828 + 6.385 * xw)
    ta = np.exp(-(aerosol**0.873) * (1 + aerosol - aerosol**0.7088) * mass**0.9108)
    taa = 1 - 0.1 * (1 - mass + mass**1.06) * (1 - ta)
    beam = 0.9662 * outside * ta * tw * tg * to * tr
    scattered = outside * np.cos(z) * 0.79 * to * tg * tw * taa * (0.5 * (1 - tr) + 0.84 * (1 - ta / taa)) / (1 - mass + mass**1.02)
    level = (beam * np.cos(z) + scattered) / (1 - albedo * (0.0685 + 0.16 * (1 - ta / taa)))
    return beam, np.maximum(0, level - beam * np.cos(z))


def clouds(draw, steps):
    """Transmission of the beam, and of diffuse light with its edges' brightening, for every step."""
    beam, diffuse = np.ones(steps), np.ones(steps)
    at = 0
    while at < steps:
        length = int(draw.exponential(40)) + 6
        kind = draw.choice(3, p=(0.4, 0.35, 0.25))
        span = slice(at, min(steps, at + length))
        n = span.stop - span.start
        if kind == 1:
            gaps = draw.random(n) < draw.uniform(0.2, 0.8)
            beam[span] = np.where(gaps, draw.uniform(0.9, 1, n), draw.uniform(0, 0.4, n))
            diffuse[span] = draw.uniform(1.2, 3.2, n)  # bright clouds beside the sun
        elif kind == 2:
            beam[span] = draw.uniform(0, 0.03)
            diffuse[span] = draw.uniform(0.6, 2.5)
        at = span.stop
    return beam, diffuse


def year_of(index, site):
    name, latitude, longitude, altitude, tilt, azimuth, tracking = site
    draw = np.random.default_rng(2025 + index)
    start = ephem.Date(f"{YEAR}/1/1")
    slots = 365 * 96
    steps = slots * 3
    skew = draw.uniform(-60, 60)
    observer = ephem.Observer()
    observer.lat, observer.lon, observer.elevation = math.radians(latitude), math.radians(longitude), altitude
    observer.temp, observer.pressure = 5, 1013 * math.exp(-altitude / 8435)
    bare = ephem.Observer()
    bare.lat, bare.lon, bare.elevation, bare.pressure = observer.lat, observer.lon, 0, 0
    sun = ephem.Sun()
    elevation, turned, below = np.empty(steps), np.empty(steps), np.empty(steps + 1)
    for i in range(steps):
        observer.date = start + (i * STEP + STEP / 2 + skew) / 86400
        sun.compute(observer)
        elevation[i], turned[i] = math.degrees(sun.alt), math.degrees(sun.az)
    for i in range(steps + 1):
        bare.date = start + i * STEP / 86400
        sun.compute(bare)
        below[i] = math.degrees(sun.alt)
    day = np.arange(steps) * STEP / 86400
    season = np.cos(2 * np.pi * (day - (200 if latitude > 0 else 18)) / 365)
    warm = 27 - 0.55 * abs(latitude) - 0.005 * altitude
    air = warm + (2 + 0.25 * abs(latitude)) * season + 5 * np.sin(2 * np.pi * (day % 1 + longitude / 360 - 0.35)) + draw.normal(0, 3, steps).cumsum() * 0
    snow = (abs(latitude) > 45) & (air < 0)
    albedo = np.where(snow, 0.75, 0.2)
    up = elevation > 0.05
    zenith = np.where(up, 90 - elevation, 89.9)
    aerosol = np.repeat(draw.uniform(0.03, 0.2, 366), 288)[:steps]
    water = np.clip(0.4 + 0.12 * np.maximum(air, 0), 0.2, 5)
    beam, diffuse = bird(zenith, observer.pressure, 0.3, water, aerosol, albedo)
    distance = 1 + 0.033 * np.cos(2 * np.pi * day / 365)
    through, scatter = clouds(draw, steps)
    beam = np.where(up, beam * distance * through, 0)
    ceiling = np.where(up, 0.7 * 1361 * np.sin(np.radians(np.maximum(elevation, 0.1))), 0)
    diffuse = np.where(up, np.minimum(diffuse * distance * scatter, ceiling), 0)
    diffuse = diffuse + np.where(elevation > -6, 6 * np.exp(np.minimum(elevation, 0) * 0.9), 0) * np.minimum(1, scatter)
    sine = np.sin(np.radians(np.maximum(elevation, 0)))
    level = beam * sine + diffuse
    real_tilt, real_azimuth = tilt + draw.uniform(-3, 3), azimuth + draw.uniform(-4, 4)
    if tracking:
        aside = np.cos(np.radians(elevation)) * np.sin(np.radians(turned - azimuth))
        turn = np.degrees(np.arctan2(aside, np.sin(np.radians(elevation))))
        plane_tilt, plane_azimuth = np.minimum(tilt, np.abs(turn)), azimuth + np.where(turn > 0, 90, -90)
    else:
        plane_tilt, plane_azimuth = np.full(steps, real_tilt), np.full(steps, real_azimuth)
    t, e = np.radians(plane_tilt), np.radians(np.maximum(elevation, 0))
    square = np.maximum(0, np.sin(e) * np.cos(t) + np.cos(e) * np.sin(t) * np.cos(np.radians(turned - plane_azimuth)))
    anisotropy = np.clip(beam / 1367, 0, 1)
    around = np.where(sine > 0.02, np.minimum(square / np.maximum(sine, 0.02), 5), 0)
    plane = beam * square + diffuse * (anisotropy * around + (1 - anisotropy) * (1 + np.cos(t)) / 2) + level * albedo * (1 - np.cos(t)) / 2
    cell = air + plane / (25 + 6.84 * 2)
    loss, plus = draw.uniform(0.05, 0.16), draw.uniform(0, 0.03)
    dc = PEAK_W * (1 + plus) * plane / 1000 * (1 - 0.0037 * (cell - 25)) * (1 - loss)
    limit = PEAK_W / draw.uniform(0.85, 1.3)
    share = np.clip(dc / limit, 1e-3, 1)
    efficiency = np.clip(0.985 - 0.0059 / share, 0, 1)
    ac = np.where(dc > 0.004 * PEAK_W, np.minimum(limit, dc * efficiency), 0)
    ac = ac * (1 + draw.normal(0, 0.003, steps)) * (1 + draw.uniform(-0.01, 0.01)) + draw.integers(0, 3, steps)
    tenths = np.clip(np.rint(ac.reshape(slots, 3).mean(axis=1) * 0.25 * 10), 0, 32767).astype(np.uint16)
    dark = np.array([(below[3 * i : 3 * i + 4] < 0).all() for i in range(slots)])
    declared = {
        "name": name,
        "latitude": round(latitude, 1),
        "longitude": round(longitude, 1),
        "altitudeM": altitude,
        "tiltDeg": tilt,
        "azimuthDeg": azimuth,
        **({"tracking": "single-axis"} if tracking else {}),
    }
    energy = tenths[~dark].sum() / 10 / PEAK_W
    print(f"{name}: {energy:.0f} kWh/kWp, {dark.sum()} dark slots with {tenths[dark].sum() / 10:.0f} Wh, peak {tenths.max() * 0.4:.0f} W")
    return declared, tenths | (dark.astype(np.uint16) << 15)


def main():
    sites, years = zip(*(year_of(i, site) for i, site in enumerate(SITES)))
    about = f"honest roofs of {PEAK_W} W from another model (test/make/honest-pv.py, ephem {ephem.__version__}, numpy {np.__version__})"
    with open("test/fixtures/sun/honest-pv.json", "w") as out:
        json.dump({"about": about, "start": f"{YEAR}-01-01T00:00:00Z", "peakKw": PEAK_W / 1000, "sites": sites}, out, indent=2)
        out.write("\n")
    with open("test/fixtures/sun/honest-pv.bin.gz", "wb") as out:
        with gzip.GzipFile(fileobj=out, mode="wb", mtime=0, compresslevel=9) as packed:
            packed.write(b"".join(year.astype("<u2").tobytes() for year in years))


main()
