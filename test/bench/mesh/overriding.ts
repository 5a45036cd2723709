/** An object that does some things differently: for planted faults. Classes with private fields cannot be spread or inherited from. */
export function overriding<T extends object>(target: T, instead: Partial<T>): T {
  return new Proxy(target, {
    get: (_, name) => {
      if (name in instead) return instead[name as keyof T];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as (...values: unknown[]) => unknown).bind(target) : value;
    },
  });
}
