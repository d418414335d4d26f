/** Columns of numbers, divided by blanks; undefined when one of them is no number: another kind of line. */
export const numberColumns = (text: string): number[] | undefined => {
  const numbers = text.trim().split(/\s+/).map(Number);
  return numbers.every(Number.isFinite) ? numbers : undefined;
};
