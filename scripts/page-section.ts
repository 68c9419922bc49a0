/** A page with a new text between two of its lines. */
export function withSection(page: string, begin: string, end: string, text: string): string {
  const from = page.indexOf(begin) + begin.length;
  const to = page.indexOf(end, from);
  if (from < begin.length || to < from) throw new Error(`the page has no lines ${begin.trim()} and ${end.trim()}`);
  return page.slice(0, from) + text + page.slice(to);
}
