// Times as people read them. The wire is UTC ms; `zone` is an IANA name, undefined: the reader's own. 24-hour clock everywhere.
import type { Lang } from './i18n';

const DAY = 86_400_000;

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const cache = new Map<string, Intl.DateTimeFormat>();

function format(lang: string, zone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${lang}|${zone}|${JSON.stringify(options)}`;
  let f = cache.get(key);
  if (!f) {
    f = new Intl.DateTimeFormat(lang, { ...options, ...(zone ? { timeZone: zone } : {}) });
    cache.set(key, f);
  }
  return f;
}

/** The wall clock of a zone. The reader's own needs no formatter, which takes twenty times as long: long transcripts have thousands of times. */
export function parts(ms: number, zone?: string): Parts {
  if (!zone) {
    const d = new Date(ms);
    return {
      year: d.getFullYear(),
      month: d.getMonth() + 1,
      day: d.getDate(),
      hour: d.getHours(),
      minute: d.getMinutes(),
      second: d.getSeconds(),
    };
  }
  const f = format('en-GB', zone, {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
    calendar: 'gregory',
  });
  const ret: Parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const p of f.formatToParts(ms)) if (p.type in ret) ret[p.type as keyof Parts] = Number(p.value);
  return ret;
}

const two = (n: number) => String(n).padStart(2, '0');

/** Days since 1970 on the zone's calendar: equal for two times of one day, whatever its length. */
export function dayNumber(ms: number, zone?: string): number {
  const p = parts(ms, zone);
  return Date.UTC(p.year, p.month - 1, p.day) / DAY;
}

/** 14:05 */
export function clockTime(ms: number, zone?: string): string {
  const p = parts(ms, zone);
  return `${two(p.hour)}:${two(p.minute)}`;
}

/** For lists: 14:05, 昨天, 11-20, 2025-11-20. */
export function listTime(ms: number, now: number, lang: Lang, zone?: string): string {
  const days = dayNumber(now, zone) - dayNumber(ms, zone);
  if (days === 0) return clockTime(ms, zone);
  if (days === 1) return capital(new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(-1, 'day'));
  const p = parts(ms, zone);
  const short = `${two(p.month)}-${two(p.day)}`;
  return p.year === parts(now, zone).year ? short : `${p.year}-${short}`;
}

/** For the separators between days: 今天, 昨天, 11月20日 星期四, with the year where it is another. */
export function dayLabel(ms: number, now: number, lang: Lang, zone?: string): string {
  const days = dayNumber(now, zone) - dayNumber(ms, zone);
  if (days === 0 || days === 1)
    return capital(new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(-days, 'day'));
  const year = parts(ms, zone).year !== parts(now, zone).year;
  return format(lang, zone, {
    month: lang === 'en' ? 'short' : 'long',
    day: 'numeric',
    weekday: lang === 'en' ? 'short' : 'long',
    ...(year ? { year: 'numeric' } : {}),
  }).format(ms);
}

/** For tooltips: 2025-11-20 14:05:09 GMT+8. */
export function exactTime(ms: number, lang: Lang, zone?: string): string {
  const p = parts(ms, zone);
  const name = format(lang, zone, { timeZoneName: 'short' })
    .formatToParts(ms)
    .find((x) => x.type === 'timeZoneName')?.value;
  const text = `${p.year}-${two(p.month)}-${two(p.day)} ${two(p.hour)}:${two(p.minute)}:${two(p.second)}`;
  return name ? `${text} ${name}` : text;
}

/** 3 分钟前; only for what is less than an hour old, else undefined. */
export function ago(ms: number, now: number, lang: Lang): string | undefined {
  const s = Math.max(0, Math.floor((now - ms) / 1000));
  if (s >= 3600) return undefined;
  const f = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' });
  return s < 60 ? f.format(0, 'second') : f.format(-Math.floor(s / 60), 'minute');
}

/** A wait or a length: 0:42, 6:10, 1:02:03. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const h = Math.floor(s / 3600);
  const m = Math.floor(s / 60) % 60;
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/** The browser's word begins a line here. */
function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** The server's clock as seen from here: measured at welcome, applied to what is compared with the wire's times. */
export class Skew {
  private ahead = 0;
  measure(serverNow: number, here: number): void {
    this.ahead = serverNow - here;
  }
  /** The server's now. */
  now(here: number = Date.now()): number {
    return here + this.ahead;
  }
}
