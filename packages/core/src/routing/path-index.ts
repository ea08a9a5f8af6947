import type { Candidate } from './candidate.js';
import type { RequestView } from './request-view.js';

// `find` runs once or twice per request. It looks one text up in a map, then walks a tree along the segments of the
// path, cutting one short text per level; it never looks at routes whose leading segments differ. Guarded by
// bench/routing.bench.ts.

/** A candidate and its place in the order of matching: the lowest rank wins. */
interface Ranked {
  readonly rank: number;
  readonly candidate: Candidate;
}

interface Node {
  /** Children by literal segment, in lower case. */
  readonly literal: Map<string, Node>;
  /** The child for a segment with placeholders. */
  placeholder: Node | undefined;
  /** Routes whose leading segments end here, best first. */
  readonly here: Ranked[];
  /** The best rank here and below: a worse subtree is not entered. */
  bestRank: number;
}

/** Routes of one host (or of none), by the segments of their templates. Built once, then only read. */
export class PathIndex {
  readonly #byPath: Map<string, Ranked[]> = new Map();
  readonly #root: Node = createNode();

  /** @param candidates In the order of matching. */
  constructor(candidates: readonly Candidate[]) {
    candidates.forEach((candidate, rank) => {
      this.#add({ rank, candidate });
    });
  }

  /** The first candidate, in the order of matching, that accepts the request. */
  find(view: RequestView): Candidate | undefined {
    const literal = firstAccepting(this.#byPath.get(view.foldedPath), view, Infinity);
    const ranked = this.#search(this.#root, view, 1, literal);
    return ranked?.candidate;
  }

  #add(ranked: Ranked): void {
    const { literals, prefix } = ranked.candidate.pattern;
    if (literals !== undefined) {
      for (const literal of literals) {
        const path = literal.toLowerCase();
        const others = this.#byPath.get(path);
        if (others === undefined) this.#byPath.set(path, [ranked]);
        else others.push(ranked);
      }
      return;
    }
    let node = this.#root;
    node.bestRank = Math.min(node.bestRank, ranked.rank);
    for (const segment of prefix) {
      node = childFor(node, segment?.toLowerCase());
      node.bestRank = Math.min(node.bestRank, ranked.rank);
    }
    node.here.push(ranked);
  }

  #search(node: Node, view: RequestView, from: number, best: Ranked | undefined): Ranked | undefined {
    if (best !== undefined && node.bestRank >= best.rank) return best;
    const path = view.foldedPath;
    let found = firstAccepting(node.here, view, best?.rank ?? Infinity) ?? best;
    if (from > path.length) return found;
    const slash = path.indexOf('/', from);
    const end = slash < 0 ? path.length : slash;
    if (node.literal.size > 0) {
      const child = node.literal.get(path.slice(from, end));
      if (child !== undefined) found = this.#search(child, view, end + 1, found);
    }
    if (node.placeholder !== undefined) found = this.#search(node.placeholder, view, end + 1, found);
    return found;
  }
}

function createNode(): Node {
  return { literal: new Map(), placeholder: undefined, here: [], bestRank: Infinity };
}

function childFor(node: Node, segment: string | undefined): Node {
  const existing = segment === undefined ? node.placeholder : node.literal.get(segment);
  if (existing !== undefined) return existing;
  const child = createNode();
  if (segment === undefined) node.placeholder = child;
  else node.literal.set(segment, child);
  return child;
}

function firstAccepting(ranked: readonly Ranked[] | undefined, view: RequestView, below: number): Ranked | undefined {
  if (ranked === undefined) return undefined;
  for (const one of ranked) {
    if (one.rank >= below) return undefined;
    if (one.candidate.accepts(view)) return one;
  }
  return undefined;
}
