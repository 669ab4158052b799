// The restricted Boltzmann machine with binary units: energies, conditionals, exact likelihood, contrastive divergence.
#include "engine.h"

#include <string.h>

// Weights [visible, hidden], biases of the visible units b and of the hidden ones c.
typedef struct Machine {
  Tensor w, b, c;
} Machine;

static Machine machine_in(Work *o, const Json *args) {
  const Machine m = {tensor_in(o, args, "w"), tensor_in(o, args, "b"), tensor_in(o, args, "c")};
  if (m.w.rank != 2 || !is_vector(m.b, m.w.shape[0]) || !is_vector(m.c, m.w.shape[1]))
    fail(o, "ShapeError: a machine has w [visible, hidden], b [visible] and c [hidden]");
  return m;
}

static Tensor states_in(Work *o, const Json *args, const char *name, Tensor bias) {
  const Tensor t = tensor_in(o, args, name);
  if (t.rank != 2 || t.shape[1] != bias.size) fail(o, "ShapeError: %s must be [n, %zu]", name, bias.size);
  return t;
}

static Machine dual(Work *o, Machine m) { return (Machine){transposed(o, m.w), m.c, m.b}; }

// c + v·w
static Tensor inputs(Work *o, Machine m, Tensor v) {
  Tensor a = product(o, v, m.w);
  for (size_t i = 0; i < a.size; i++) a.data[i] += m.c.data[i % m.c.size];
  return a;
}

static Tensor hidden_given(Work *o, Machine m, Tensor v) {
  Tensor p = inputs(o, m, v);
  for (size_t i = 0; i < p.size; i++) p.data[i] = sigmoid(p.data[i]);
  return p;
}

static double dot(const double *a, const double *b, size_t n) {
  double s = 0;
  for (size_t i = 0; i < n; i++) s += a[i] * b[i];
  return s;
}

// b·v + Σ softplus(c + v·w), the negative free energy, of every row: Hinton 2010, eq. 25.
static Tensor goodness(Work *o, Machine m, Tensor v) {
  const Tensor a = inputs(o, m, v);
  Tensor g = vector(o, v.shape[0]);
  for (size_t r = 0; r < g.size; r++) {
    for (size_t j = 0; j < m.c.size; j++) g.data[r] += softplus(a.data[r * m.c.size + j]);
    g.data[r] += dot(v.data + r * m.b.size, m.b.data, m.b.size);
  }
  return g;
}

static Json *energy(Work *o, const Json *args, const void *row) {
  (void)row;
  const Machine m = machine_in(o, args);
  const Tensor v = states_in(o, args, "v", m.b), h = states_in(o, args, "h", m.c), vw = product(o, v, m.w);
  if (v.shape[0] != h.shape[0]) fail(o, "ShapeError: v and h must have as many rows");
  Tensor e = vector(o, v.shape[0]);
  for (size_t r = 0; r < e.size; r++) {
    const double *hr = h.data + r * m.c.size;
    e.data[r] = -(dot(v.data + r * m.b.size, m.b.data, m.b.size) + dot(hr, m.c.data, m.c.size) + dot(vw.data + r * m.c.size, hr, m.c.size));
  }
  return with_tensor(o, answer(o), "energy", e);
}

static Json *free_energy(Work *o, const Json *args, const void *row) {
  (void)row;
  const Machine m = machine_in(o, args);
  Tensor f = goodness(o, m, states_in(o, args, "v", m.b));
  for (size_t i = 0; i < f.size; i++) f.data[i] = -f.data[i];
  return with_tensor(o, answer(o), "energy", f);
}

static Json *hidden(Work *o, const Json *args, const void *row) {
  (void)row;
  const Machine m = machine_in(o, args);
  return with_tensor(o, answer(o), "p", hidden_given(o, m, states_in(o, args, "v", m.b)));
}

static Json *visible(Work *o, const Json *args, const void *row) {
  (void)row;
  const Machine m = machine_in(o, args);
  return with_tensor(o, answer(o), "p", hidden_given(o, dual(o, m), states_in(o, args, "h", m.c)));
}

// Most units whose states are enumerated.
#define FEW 16

// log Σ e^(−E) over the states of the smaller side.
static double log_partition(Work *o, Machine m) {
  const Machine small = m.b.size <= m.c.size ? m : dual(o, m);
  const size_t n = small.b.size;
  if (n > FEW) fail(o, "DomainError: at most %d units can be enumerated, got %zu", FEW, n);
  const Tensor all = matrix(o, (size_t)1 << n, n);
  for (size_t i = 0; i < all.size; i++) all.data[i] = (double)(i / n >> i % n & 1);
  const Tensor g = goodness(o, small, all);
  double most = g.data[0], total = 0;
  for (size_t i = 0; i < g.size; i++) most = fmax(most, g.data[i]);
  for (size_t i = 0; i < g.size; i++) total += exp(g.data[i] - most);
  return most + log(total);
}

static Json *log_likelihood(Work *o, const Json *args, const void *row) {
  (void)row;
  const Machine m = machine_in(o, args);
  Tensor logp = goodness(o, m, states_in(o, args, "v", m.b));
  const double all = log_partition(o, m);
  for (size_t i = 0; i < logp.size; i++) logp.data[i] -= all;
  return with_tensor(o, answer(o), "logp", logp);
}

// ---- Contrastive divergence: Hinton 2002, eq. 8; Hinton 2010, §3; Tieleman 2008 (persistent). ----

// Uniforms in the order of use: given, or those of the children of a key.
typedef struct Chain {
  const Tensors *given;
  Key key;
  size_t next;
} Chain;

static Tensor sampled(Work *o, Chain *chain, Tensor p) {
  Tensor u = tensor_like(o, p), s = tensor_like(o, p);
  if (chain->given == NULL) uniforms(fold(chain->key, (uint32_t)chain->next), u.data, u.size);
  else if (chain->next < chain->given->count) u = chain->given->at[chain->next];
  else fail(o, "DomainError: %zu tensors of uniforms are given, and more are needed", chain->given->count);
  must_match(o, p, u, "probabilities and their uniforms");
  chain->next++;
  for (size_t i = 0; i < p.size; i++) s.data[i] = u.data[i] < p.data[i];
  return s;
}

static Tensor difference_of_means(Work *o, Tensor a, Tensor b) {
  Tensor d = column_sums(o, a);
  const Tensor other = column_sums(o, b);
  for (size_t j = 0; j < d.size; j++) d.data[j] = d.data[j] / (double)rows_of(a) - other.data[j] / (double)rows_of(b);
  return d;
}

static Machine divergence(Work *o, Machine m, Tensor v, double k, const Tensor *from, Chain chain, Tensor *reached) {
  const Machine turned = dual(o, m);
  const Tensor there = hidden_given(o, m, v);
  Tensor h = sampled(o, &chain, from == NULL ? there : hidden_given(o, m, *from));
  for (double turn = 0; turn < k; turn++) {
    *reached = sampled(o, &chain, hidden_given(o, turned, h));
    if (turn < k - 1) h = sampled(o, &chain, hidden_given(o, m, *reached));
  }
  const Tensor back = hidden_given(o, m, *reached);
  Machine slope = {product_left(o, *reached, back), difference_of_means(o, *reached, v), difference_of_means(o, back, there)};
  const Tensor pairs = product_left(o, v, there);
  for (size_t i = 0; i < pairs.size; i++)
    slope.w.data[i] = slope.w.data[i] / (double)rows_of(*reached) - pairs.data[i] / (double)rows_of(v);
  return slope;
}

static Json *cd(Work *o, const Json *args, const void *row) {
  (void)row;
  const Machine m = machine_in(o, args);
  const Tensors uniforms = tensors_in(o, args, "uniforms");
  Tensor from = {0}, reached = {0};
  if (given(args, "from")) from = states_in(o, args, "from", m.b);
  const Machine slope = divergence(o, m, states_in(o, args, "v", m.b), whole_in(o, args, "k", 1), given(args, "from") ? &from : NULL, (Chain){.given = &uniforms}, &reached);
  return with_tensor(o, with_tensor(o, with_tensor(o, with_tensor(o, answer(o), "dw", slope.w), "db", slope.b), "dc", slope.c), "reached", reached);
}

// ---- Training. ----

typedef struct Plan {
  double epochs, lr, momentum, l2, k;
  size_t size;
  bool persistent;
} Plan;

static Plan plan_in(Work *o, const Json *args, double epochs, double size, double lr) {
  const Plan p = {.epochs = given(args, "epochs") ? whole_in(o, args, "epochs", 0) : epochs,
                  .size = (size_t)(given(args, "size") ? whole_in(o, args, "size", 1) : size), .lr = number_or(o, args, "lr", lr),
                  .momentum = number_or(o, args, "momentum", 0.5), .l2 = number_or(o, args, "l2", 1e-4),
                  .k = given(args, "k") ? whole_in(o, args, "k", 1) : 1, .persistent = given(args, "persistent") && flag_in(o, args, "persistent")};
  if (!(p.lr >= 0 && p.momentum >= 0 && p.momentum < 1 && p.l2 >= 0))
    fail(o, "DomainError: lr, momentum < 1 and l2 must not be negative, got %g, %g and %g", p.lr, p.momentum, p.l2);
  return p;
}

static Tensor shares_in(Work *o, const Json *args) {
  const Tensor x = tensor_in(o, args, "x");
  if (x.rank != 2 || x.shape[0] == 0) fail(o, "ShapeError: data must be [n, visible]");
  for (size_t i = 0; i < x.size; i++)
    if (!(x.data[i] >= 0 && x.data[i] <= 1)) fail(o, "DomainError: data must lie in [0, 1], got %g", x.data[i]);
  return x;
}

// Small normal weights, visible biases at the logit of each unit's share of ones: Hinton 2010, §8.
static Machine started(Work *o, Tensor x, size_t hidden, Key key) {
  Machine m = {matrix(o, x.shape[1], hidden), column_sums(o, x), vector(o, hidden)};
  normals(key, m.w.data, m.w.size);
  for (size_t i = 0; i < m.w.size; i++) m.w.data[i] *= 0.01;
  for (size_t j = 0; j < m.b.size; j++) {
    const double share = (m.b.data[j] + 1) / ((double)x.shape[0] + 2);
    m.b.data[j] = log(share) - log1p(-share);
  }
  return m;
}

static void push(Tensor w, Tensor velocity, Tensor slope, const Plan *p, double l2) {
  for (size_t i = 0; i < w.size; i++) {
    velocity.data[i] = p->momentum * velocity.data[i] - p->lr * (slope.data[i] + l2 * w.data[i]);
    w.data[i] += velocity.data[i];
  }
}

static Machine trained(Work *o, Machine from, Tensor x, const Plan *p, Key key) {
  const Machine m = {tensor_copy(o, from.w), tensor_copy(o, from.b), tensor_copy(o, from.c)};
  const Machine velocity = {tensor_like(o, m.w), tensor_like(o, m.b), tensor_like(o, m.c)};
  const size_t n = x.shape[0], d = x.shape[1];
  if (d != m.b.size) fail(o, "ShapeError: data must be [n, %zu]", m.b.size);
  Tensor chain = matrix(o, p->size < n ? p->size : n, d);
  uint32_t step = 0;
  for (double epoch = 0; epoch < p->epochs; epoch++) {
    const Mark before = mark(o);
    const size_t *order = random_order(o, fold(fold(key, 1), (uint32_t)(uint64_t)epoch), n);
    for (size_t at = 0; at == 0 || at + p->size <= n; at += p->size, step++) {
      const size_t rows = p->size < n ? p->size : n;
      const Tensor v = matrix(o, rows, d);
      for (size_t i = 0; i < rows; i++) memcpy(v.data + i * d, x.data + order[at + i] * d, d * sizeof(double));
      const bool goes_on = p->persistent && step > 0;
      Tensor reached;
      const Machine slope = divergence(o, m, v, p->k, goes_on ? &chain : NULL, (Chain){.key = fold(fold(key, 2), step)}, &reached);
      if (chain.size > 0) memcpy(chain.data, reached.data, chain.size * sizeof(double));
      push(m.w, velocity.w, slope.w, p, p->l2);
      push(m.b, velocity.b, slope.b, p, 0);
      push(m.c, velocity.c, slope.c, p, 0);
    }
    release(o, before);
  }
  return m;
}

static Json *with_machine(Work *o, Machine m) {
  return with_tensor(o, with_tensor(o, with_tensor(o, answer(o), "w", m.w), "b", m.b), "c", m.c);
}

static Json *fit(Work *o, const Json *args, const void *row) {
  (void)row;
  const Plan p = plan_in(o, args, 0, 1, 0);
  return with_machine(o, trained(o, machine_in(o, args), shares_in(o, args), &p, key_of(o, args, "seed")));
}

static Json *start(Work *o, const Json *args, const void *row) {
  (void)row;
  return with_machine(o, started(o, shares_in(o, args), (size_t)whole_in(o, args, "hidden", 1), key_of(o, args, "seed")));
}

// Each machine learns from the probabilities of the hidden units below: Hinton, Osindero & Teh 2006.
static Machine *stacked(Work *o, Tensor below, const size_t *units, size_t count, const Plan *p, Key key) {
  Machine *all = take(o, count, sizeof(Machine));
  for (size_t i = 0; i < count; i++) {
    const Key own = fold(key, (uint32_t)i);
    all[i] = trained(o, started(o, below, units[i], fold(own, 0)), below, p, own);
    below = hidden_given(o, all[i], below);
  }
  return all;
}

static Json *stack(Work *o, const Json *args, const void *row) {
  (void)row;
  const Json *list = list_in(o, args, "units");
  size_t *units = take(o, list->count, sizeof(size_t)), n = 0;
  for (const Json *u = list->first; u != NULL; u = u->next) {
    const double x = read_number(o, u, "units");
    if (!(x >= 1 && x <= 0x1p30) || x != floor(x)) fail(o, "DomainError: units must be positive whole numbers, got %g", x);
    units[n++] = (size_t)x;
  }
  const Plan p = plan_in(o, args, 0, 1, 0);
  const Machine *all = stacked(o, shares_in(o, args), units, n, &p, key_of(o, args, "seed"));
  Tensors w = tensors_new(o, n), b = tensors_new(o, n), c = tensors_new(o, n);
  for (size_t i = 0; i < n; i++) {
    w.at[i] = all[i].w;
    b.at[i] = all[i].b;
    c.at[i] = all[i].c;
  }
  return with_tensors(o, with_tensors(o, with_tensors(o, answer(o), "w", w), "b", b), "c", c);
}

// The dense layers from the first on that sigmoids follow become the machines of a stack: Hinton & Salakhutdinov 2006.
static Json *pretrain(Work *o, const Json *args, const void *row) {
  (void)row;
  const Json *layers = list_in(o, args, "layers");
  const Tensors params = tensors_in(o, args, "params");
  size_t *units = take(o, layers->count, sizeof(size_t)), n = 0;
  for (const Json *l = layers->first; l != NULL; l = l->next) {
    if (strcmp(text_in(o, l, "type"), "dense") != 0) continue;
    const Json *behind = l->next;
    if (behind == NULL || strcmp(text_in(o, behind, "type"), "activation") != 0 || strcmp(text_in(o, behind, "name"), "sigmoid") != 0) break;
    units[n++] = (size_t)whole_in(o, l, "units", 1);
  }
  if (n == 0) fail(o, "DomainError: the first dense layer must have a sigmoid behind it");
  if (2 * n > params.count) fail(o, "ShapeError: %zu parameters are too few for %zu layers", params.count, n);
  const Plan p = plan_in(o, args, 20, 16, 0.1);
  const Machine *all = stacked(o, shares_in(o, args), units, n, &p, key_of(o, args, "seed"));
  for (size_t i = 0; i < n; i++) {
    params.at[2 * i] = all[i].w;
    params.at[2 * i + 1] = all[i].c;
  }
  return with_tensors(o, answer(o), "params", params);
}

void add_machines(Registry *all) {
  add_entry(all, "rbm", "rbm", "energy", energy, NULL);
  add_entry(all, "rbm", "rbm", "free_energy", free_energy, NULL);
  add_entry(all, "rbm", "rbm", "hidden_given", hidden, NULL);
  add_entry(all, "rbm", "rbm", "visible_given", visible, NULL);
  add_entry(all, "rbm", "rbm", "log_likelihood", log_likelihood, NULL);
  add_entry(all, "rbm", "rbm", "cd", cd, NULL);
  add_entry(all, "rbm", "rbm", "fit", fit, NULL);
  add_entry(all, "rbm", "rbm", "start", start, NULL);
  add_entry(all, "rbm", "rbm", "stack", stack, NULL);
  add_entry(all, "rbm", "rbm", "pretrain", pretrain, NULL);
}
