/** Numbers with their units, short enough for an axis. */

export type Unit = "bytes" | "bytesPerSecond" | "fraction" | "number";

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const DECIMAL = ["", "k", "M", "G", "T", "P"];

/** Three significant digits at most, without trailing zeros. */
const digits = (value: number): string => {
  const size = Math.abs(value);
  const shown = value.toFixed(size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2);
  return shown.includes(".") ? shown.replace(/\.?0+$/, "") : shown;
};

const scale = (value: number, base: number): { readonly scaled: number; readonly power: number } => {
  const power = value === 0 ? 0 : Math.floor(Math.log(Math.abs(value)) / Math.log(base) + 1e-9);
  const bounded = Math.min(Math.max(power, 0), BINARY.length - 1);
  return { scaled: value / base ** bounded, power: bounded };
};

/** Memory and disks are counted in powers of 1024, transfer in powers of 1000, as tools do. */
export const formatUnit = (value: number, unit: Unit): string => {
  if (!Number.isFinite(value)) return "–";
  switch (unit) {
    case "bytes": {
      const { scaled, power } = scale(value, 1_024);
      return `${digits(scaled)} ${BINARY[power]}`;
    }
    case "bytesPerSecond": {
      const { scaled, power } = scale(value, 1_000);
      return `${digits(scaled)} ${DECIMAL[power]}B/s`;
    }
    case "fraction":
      return `${digits(value * 100)} %`;
    case "number":
      return digits(value);
  }
};

const grouped = new Intl.NumberFormat("en");

/** `1,234,567`. */
export const formatCount = (value: number): string => grouped.format(value);

/** `1.2 M`: for counts beside labels. */
export const formatShortCount = (value: number): string => {
  if (value < 10_000) return formatCount(value);
  const { scaled, power } = scale(value, 1_000);
  return `${digits(scaled)} ${DECIMAL[power]}`;
};
