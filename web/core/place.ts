// Places, as people name them: degrees, or the address of a map that shows one (protocols/place.c makes the same addresses).

export interface Place {
  lat: number;
  lon: number;
}

const NUMBER = '(-?\\d{1,3}(?:\\.\\d+)?)';
const DEGREES = new RegExp(`^${NUMBER}°?\\s*[,，;\\s]\\s*${NUMBER}°?$`);
const OPEN = new RegExp(`^https?://www\\.openstreetmap\\.org/\\?mlat=${NUMBER}&mlon=${NUMBER}`);
const AMAP = new RegExp(`^https?://uri\\.amap\\.com/marker\\?position=${NUMBER},${NUMBER}`);

/** Latitude first. Undefined: it is no place; the degrees may be none that exist. */
export function placeOf(typed: string): Place | undefined {
  const latFirst = DEGREES.exec(typed) ?? OPEN.exec(typed);
  if (latFirst) return { lat: Number(latFirst[1]), lon: Number(latFirst[2]) };
  const lonFirst = AMAP.exec(typed);
  return lonFirst ? { lat: Number(lonFirst[2]), lon: Number(lonFirst[1]) } : undefined;
}

export function placeGood(p: Place): boolean {
  return Math.abs(p.lat) <= 90 && Math.abs(p.lon) <= 180;
}

/** The address under which it will be seen. */
export function mapOf(p: Place, name: string, locale: string): string {
  const [lat, lon] = [p.lat, p.lon].map((v) => String(Number(v.toFixed(6))));
  if (!/^zh(-CN|-SG|-Hans.*)?$/i.test(locale)) return `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}`;
  const named = `&name=${encodeURIComponent(name)}`;
  return `https://uri.amap.com/marker?position=${lon},${lat}${name && named.length < 200 ? named : ''}`;
}
