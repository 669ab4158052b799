// The port as a whole: the entries of every part in one table, and what it declares of itself.
#include "table.h"

#include "optim.h"

// Conventions are the default ones. What networks may be made of, and the hyper-parameters of every optimizer.
static void declare(FILE *out) {
  fputs(",\"parts\":[\"dense\",\"activation\",\"batchNorm\",\"layerNorm\",\"dropout\",\"residual\",\"regulariser\"],"
        "\"hyper\":{\"batch_norm\":[\"runningVariance\"],", out);
  write_hypers(out);
  putc('}', out);
}

Port engine_port(void) {
  static void (*const parts[])(Registry *all) = {
      add_elements,  add_losses,   add_layers,    add_regularisers, add_draws,       add_optimizers, add_wrappers,
      add_schedules, add_networks, add_trainings, add_diagnoses,    add_perceptrons, add_machines,
  };
  static Registry all;
  if (all.count == 0)
    for (size_t i = 0; i < COUNT(parts); i++) parts[i](&all);
  return (Port){.engine = "example in C", .version = "1", .declare = declare, .entries = all.entries, .count = all.count};
}
