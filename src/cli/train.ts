// `tautograd train`: whole trainings on real data, and the accuracy on samples that they never saw.
import { RECIPES, type RecipeName, type Trained, trainRecipe } from '../../bench/recipes.ts';
import { median } from '../../bench/statistics.ts';
import { toJson } from '../index.ts';
import { EXIT } from './fault.ts';
import { namesOf } from './load.ts';
import { print, stages } from './show.ts';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** `train <recipes>`: every recipe from each of the seeds 1 … n. @throws CommandFault when a glob matches none */
export const trainCommand = async (
  globs: string | undefined,
  { seeds, json = false }: { readonly seeds: number; readonly json?: boolean },
): Promise<number> => {
  const names = namesOf('train', 'recipe', Object.keys(RECIPES), globs) as readonly RecipeName[]; // names of that table
  const made: Record<string, readonly Trained[]> = {};
  await stages(
    names.map((name) => ({
      title: name,
      run: async (say) => {
        const from = performance.now();
        const trained: Trained[] = [];
        for (let seed = 1; seed <= seeds; seed++) {
          say(`seed ${seed} of ${seeds}`);
          await new Promise((resolve) => setImmediate(resolve)); // lets a progress display draw
          trained.push(await trainRecipe(RECIPES[name], seed));
        }
        made[name] = trained;
        const shares = trained.map((t) => t.accuracy);
        const spread = `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))}`;
        const time = `${((performance.now() - from) / 1000).toFixed(1)} s`;
        return {
          ok: true,
          text: `accuracy on the held-out fifth ${percent(median(shares))}, median of ${seeds} seeds (${spread}), ${trained[0]?.steps} steps each, ${time}`,
        };
      },
    })),
    json,
  );
  if (json)
    print(
      toJson({
        schema: 1,
        recipes: Object.fromEntries(
          Object.entries(made).map(([name, trained]) => [
            name,
            { median: median(trained.map((t) => t.accuracy)), seeds: trained },
          ]),
        ),
      }).trimEnd(),
    );
  return EXIT.ok;
};
