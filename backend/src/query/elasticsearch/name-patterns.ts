/** Names with `*`. Not regular expressions: those take ever longer for ever more stars. */

/** Whether the whole text is the pattern, `*` being any text. Linear but for the last star before a difference. */
export const matchesPattern = (pattern: string, text: string): boolean => {
  let [at, from, star, resume] = [0, 0, -1, 0];
  while (from < text.length) {
    if (pattern[at] === "*") {
      star = at++;
      resume = from;
    } else if (at < pattern.length && pattern[at] === text[from]) {
      at++;
      from++;
    } else if (star < 0) return false;
    else {
      at = star + 1;
      from = ++resume;
    }
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
};

export const matchesAny = (patterns: readonly string[], text: string): boolean => patterns.some((pattern) => matchesPattern(pattern, text));
