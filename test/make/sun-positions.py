"""Makes test/fixtures/sun/positions.csv: where the sun stands, by two programs that nobody here wrote.

Run by hand, never in tests: /usr/bin/python3 test/make/sun-positions.py
Debian 12: python3-astropy 5.2.1 (ERFA, IAU 2006/2000A) with python3-erfa 2.0.0.1, and python3-ephem 4.1.4 (libastro,
VSOP87). Elevation and azimuth are of the sun's centre as seen from the ground, without air, from astropy; the row is
kept only if ephem agrees. `apparent_deg` is ephem's elevation in air of 1010 hPa and 10 degrees C.
"""

import math
import random
import warnings

import astropy
import astropy.units as u
import ephem
import numpy as np
from astropy.coordinates import AltAz, EarthLocation, get_sun
from astropy.time import Time
from astropy.utils import iers

warnings.simplefilter("ignore")
iers.conf.auto_download = False
iers.conf.iers_degraded_accuracy = "warn"
AGREE_DEG = 0.005

PLACES = [
    ("Longyearbyen", 78.22, 15.65),
    ("Tromso", 69.65, 18.96),
    ("Reykjavik", 64.15, -21.94),
    ("Berlin", 52.52, 13.4),
    ("Golden", 39.742476, -105.1786),
    ("Tokyo", 35.68, 139.69),
    ("Honolulu", 21.31, -157.86),
    ("Singapore", 1.35, 103.82),
    ("Quito", -0.18, -78.47),
    ("Suva", -18.14, 178.44),
    ("Taveuni, on the date line", -16.8, 180.0),
    ("Alice Springs", -23.7, 133.88),
    ("Cape Town", -33.92, 18.42),
    ("Ushuaia", -54.8, -68.3),
    ("McMurdo", -77.85, 166.67),
    ("Amundsen-Scott", -89.9, 0.0),
]


def unix(iso):
    return Time(iso, scale="utc").unix


def ephem_at(latitude, longitude, seconds, pressure):
    observer = ephem.Observer()
    observer.lat, observer.lon = math.radians(latitude), math.radians(longitude)
    observer.elevation, observer.pressure, observer.temp = 0, pressure, 10
    observer.date = ephem.Date(ephem.Date("1970/1/1") + seconds / 86400)
    sun = ephem.Sun(observer)
    return math.degrees(sun.alt), math.degrees(sun.az)


def main():
    draw = random.Random(1990)
    first, last = unix("1990-01-01T00:00:00"), unix("2050-12-31T00:00:00")
    wanted = []
    for name, latitude, longitude in PLACES:
        instants = [draw.randrange(int(first), int(last)) for _ in range(48)]
        for year in (1990, 2010, 2026, 2050):  # the four seasons at midnight and noon by the sun
            for day in ("03-20", "06-21", "09-22", "12-21"):
                for hour in (0, 12):
                    instants.append(int(unix(f"{year}-{day}T00:00:00") + 3600 * (hour - longitude / 15)))
        wanted += [(latitude, longitude, instant) for instant in instants]
    for latitude, longitude, day in ((21.31, -157.86, "2026-05-26"), (-0.18, -78.47, "2026-03-20"), (1.35, 103.82, "2050-03-24")):
        noon = unix(f"{day}T12:00:00") - 240 * longitude  # near the zenith, where azimuths turn fast
        wanted += [(latitude, longitude, int(noon + 120 * step)) for step in range(-10, 11)]

    lat, lon, at = (np.array(column, dtype=float) for column in zip(*wanted))
    time = Time(at, format="unix", scale="utc")
    place = EarthLocation.from_geodetic(lon * u.deg, lat * u.deg, 0 * u.m)
    seen = get_sun(time).transform_to(AltAz(obstime=time, location=place, pressure=0 * u.hPa))
    worst = 0.0
    with open("test/fixtures/sun/positions.csv", "w") as out:
        out.write(f"# astropy {astropy.__version__}, checked by ephem {ephem.__version__}; made by test/make/sun-positions.py\n")
        out.write("t_utc,latitude,longitude,elevation_deg,azimuth_deg,apparent_deg\n")
        for (latitude, longitude, instant), elevation, azimuth in zip(wanted, seen.alt.deg, seen.az.deg):
            other, turned = ephem_at(latitude, longitude, instant, 0)
            apart = abs((turned - azimuth + 180) % 360 - 180) * math.cos(math.radians(elevation))
            worst = max(worst, abs(other - elevation), apart)
            if max(abs(other - elevation), apart) > AGREE_DEG:
                print("left out:", latitude, longitude, instant, elevation, other, azimuth, turned)
                continue
            apparent, _ = ephem_at(latitude, longitude, instant, 1010)
            stamp = Time(instant, format="unix", scale="utc").strftime("%Y-%m-%dT%H:%M:%SZ")
            out.write(f"{stamp},{latitude},{longitude},{elevation:.5f},{azimuth:.5f},{apparent:.5f}\n")
    print(f"{len(wanted)} rows, the programs differ by at most {worst:.5f} degrees")


main()
