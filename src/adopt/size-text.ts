import { SIZE_UNITS } from '../inventory/schema/container-settings.ts';

const LARGEST_FIRST = Object.entries(SIZE_UNITS).toSorted(([, a], [, b]) => b - a);

/** `512m`, as the inventory takes it. */
export function sizeText(bytes: number): string {
  const [unit, size] = LARGEST_FIRST.find(([, size]) => bytes % size === 0) ?? ['k', 2 ** 10];
  return `${Number((bytes / size).toFixed(3))}${unit}`;
}
