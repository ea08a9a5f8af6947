/** Gives each route an id that is unique in the configuration; equal names get `#2`, `#3` in file order. */
export class RouteIds {
  readonly #taken = new Set<string>();

  /** The name itself when it is free, else with the next number. */
  claim(name: string): string {
    let id = name;
    for (let number = 2; this.#taken.has(id); number += 1) id = `${name}#${number}`;
    this.#taken.add(id);
    return id;
  }
}
