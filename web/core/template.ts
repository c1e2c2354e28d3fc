// template.ts: wording with blanks, as it will be read: {{1}}, {{name}}, {{thing1.DATA}}.

const BLANK = /\{\{ *(\w+?)(?:\.DATA)? *\}\}/g;

/** Its blanks as they are asked for: numbers by value, names in the order of the text. */
export function blanksOf(text: string): string[] {
  const names = [...new Set([...text.matchAll(BLANK)].map((m) => m[1] as string))];
  return names.every((n) => /^\d/.test(n)) ? names.sort((a, b) => Number(a) - Number(b)) : names;
}

/** The text with the values of its blanks, those without one as they stand; `url`, if that is no blank of it, in a last line of its own. */
export function rendered(text: string, values: Readonly<Record<string, string>>): string {
  let inside = false;
  const said = text.replace(BLANK, (whole, name: string) => {
    inside ||= name === 'url';
    return values[name] || whole;
  });
  return values['url'] && !inside ? `${said}\n${values['url']}` : said;
}
