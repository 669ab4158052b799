// Many problems at once: performance profiles with their exact score, ranks, and what one contender does to the others' ranks.

/** Costs by contender and instance; smaller is better, Infinity where one never got there. */
export type Costs = Readonly<Record<string, readonly number[]>>;

/** A contender whose cost is above so many times the best on an instance gets nothing for it. @source Dahl et al. 2023 (AlgoPerf), arXiv:2306.07179 */
export const MOST_RATIO = 4;

const namesOf = (costs: Costs): readonly string[] => Object.keys(costs);

/** Least cost of each instance. */
const bestOf = (costs: Costs): readonly number[] => {
  const [first = []] = Object.values(costs);
  return first.map((_, i) => Math.min(...Object.values(costs).map((row) => row[i] ?? Number.POSITIVE_INFINITY)));
};

/** Cost over that of the reference; Infinity wherever one did not get there, and 1 where neither cost anything. */
const ratio = (cost: number, to: number): number =>
  cost === Number.POSITIVE_INFINITY ? cost : cost === to ? 1 : cost / to;

/** Ratios of every contender to the best of each instance. @source Dolan & Moré 2002, Benchmarking optimization software with performance profiles, §2 */
export const ratiosOf = (costs: Costs): Costs => {
  const best = bestOf(costs);
  return Object.fromEntries(
    Object.entries(costs).map(([name, row]) => [name, row.map((cost, i) => ratio(cost, best[i] as number))]), // one each
  );
};

/** Share of the instances with a ratio of at most τ: the profile at τ. */
export const profileAt = (ratios: readonly number[], tau: number): number =>
  ratios.filter((r) => r <= tau).length / ratios.length;

/** Where a profile rises: the places and heights of its steps, from 1 to the last finite ratio. */
export const profileOf = (ratios: readonly number[]): readonly { readonly tau: number; readonly share: number }[] =>
  [...new Set([1, ...ratios.filter(Number.isFinite)])]
    .sort((a, b) => a - b)
    .map((tau) => ({ tau, share: profileAt(ratios, tau) }));

/**
 * Mean height of a profile between 1 and the largest ratio that counts, without rounding: (1/n)·Σ max(0, (r_max − r)/(r_max − 1)).
 * A ratio below 1, which a fixed reference allows, counts as more than a whole.
 * @source Dahl et al. 2023 (AlgoPerf), as the integral that it is
 */
export const profileScore = (ratios: readonly number[], most = MOST_RATIO): number =>
  ratios.reduce((sum, r) => sum + Math.max(0, (most - r) / (most - 1)), 0) / ratios.length;

/** Scores of all contenders, by the best of each instance or by one of them, which does not change when others join. */
export const profileScores = (costs: Costs, reference?: string): Readonly<Record<string, number>> => {
  const to = reference === undefined ? bestOf(costs) : (costs[reference] ?? []);
  return Object.fromEntries(
    Object.entries(costs).map(([name, row]) => [
      name,
      profileScore(
        // where the reference never got there whoever did gets the most that there is
        row.map((cost, i) => (to[i] === Number.POSITIVE_INFINITY && cost < to[i] ? 0 : ratio(cost, to[i] as number))), // one each
      ),
    ]),
  );
};

/** Names from the highest score to the lowest; equal scores keep the order given. */
export const orderOf = (scores: Readonly<Record<string, number>>): readonly string[] =>
  Object.keys(scores).sort((a, b) => (scores[b] as number) - (scores[a] as number));

/** Two whose order depends on whether a third takes part. */
export interface Swap {
  readonly without: string;
  readonly ahead: string;
  readonly behind: string;
}

/** Pairs that change their order by score when one contender is left out; `ahead` is ahead without it. */
export const leaveOneOut = (costs: Costs): readonly Swap[] => {
  const all = profileScores(costs);
  return namesOf(costs).flatMap((without) => {
    const { [without]: _, ...rest } = costs;
    const some = profileScores(rest);
    return namesOf(rest).flatMap((ahead) =>
      namesOf(rest).flatMap((behind): readonly Swap[] => {
        const now = (some[ahead] as number) > (some[behind] as number); // both are there
        const before = (all[ahead] as number) < (all[behind] as number);
        return now && before ? [{ without, ahead, behind }] : [];
      }),
    );
  });
};

/** Ranks from 1 of the values of a list, smaller first; equal values share their mean rank, and NaN counts as Infinity. */
export const ranks = (values: readonly number[]): readonly number[] => {
  const counted = values.map((v) => (Number.isNaN(v) ? Number.POSITIVE_INFINITY : v));
  return counted.map((v) => counted.filter((w) => w < v).length + (counted.filter((w) => w === v).length + 1) / 2);
};

/**
 * Mean rank of every contender over the instances. A rank depends on who else takes part: two may change their order when a
 * third joins, so it is shown beside what does not.
 * @source Friedman 1937; the caveat: Benavoli, Corani & Mangili 2016, Should we really use post-hoc tests based on mean-ranks?
 */
export const meanRanks = (costs: Costs): Readonly<Record<string, number>> => {
  const names = namesOf(costs);
  const rows = (Object.values(costs)[0] ?? []).map((_, i) =>
    ranks(names.map((name) => costs[name]?.[i] ?? Number.NaN)),
  );
  return Object.fromEntries(
    names.map((name, j) => [name, rows.reduce((sum, row) => sum + (row[j] as number), 0) / rows.length]), // one each
  );
};
