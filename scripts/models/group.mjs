/**
 * Map.groupBy, which Node 20 does not have.
 *
 * @template T
 * @param {T[]} values
 * @param {(value: T) => string} keyOf
 * @returns {Map<string, T[]>} in order of first appearance
 */
export function groupBy(values, keyOf) {
  const groups = new Map();
  for (const value of values) {
    const key = keyOf(value);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(value);
  }
  return groups;
}
