// SwiGLU that keeps the KEEP values of largest magnitude of each row of F, the first
// of equal ones. A threadgroup is one row.
//   hidden = silu(gate) up
// proj [rows, 2 F]: gate, up. The bits of a magnitude grow with it, so the least
// magnitude kept is found bit by bit; below LOWEST the bits of a T are all zero.
constexpr uint PER = (F + THREADS - 1) / THREADS;
constexpr uint GROUPS = THREADS / 32;
threadgroup float hidden[F];
threadgroup uint counts[2 * GROUPS];

uint tid = thread_position_in_threadgroup.x;
uint lane = thread_index_in_simdgroup;
uint group = simdgroup_index_in_threadgroup;
uint row = threadgroup_position_in_grid.y;

for (uint i = tid; i < F; i += THREADS) {
  float gate = static_cast<float>(proj[row * 2 * F + i]);
  float up = static_cast<float>(proj[row * 2 * F + F + i]);
  hidden[i] = static_cast<float>(static_cast<T>(silu_of(gate) * up));
}
threadgroup_barrier(mem_flags::mem_threadgroup);

if (KEEP < F) {
  // A thread's values are neighbours, so that ranks go by index.
  uint first = tid * PER;
  uint last = metal::min(first + PER, uint(F));
  uint bits[PER];
  for (uint e = 0; e < PER; e++) {
    bits[e] = first + e < last ? as_type<uint>(metal::fabs(hidden[first + e])) : 0u;
  }
  uint least = 0u;
  uint above = 0u;  // how many are larger than `least`
  uint half_used = 0u;
  for (int bit = 30; bit >= LOWEST; bit--) {
    uint candidate = least | (1u << uint(bit));
    uint count = 0u;
    for (uint e = 0; e < PER; e++) {
      count += bits[e] >= candidate ? 1u : 0u;
    }
    count = simd_sum(count);
    // Two halves by turns: one barrier for each bit is enough.
    if (lane == 0) {
      counts[half_used * GROUPS + group] = count;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    count = 0u;
    for (uint s = 0; s < GROUPS; s++) {
      count += counts[half_used * GROUPS + s];
    }
    half_used = 1u - half_used;
    if (count >= uint(KEEP)) {
      least = candidate;
    } else {
      above = count;
    }
  }
  uint equal = 0u;
  for (uint e = 0; e < PER; e++) {
    equal += first + e < last && bits[e] == least ? 1u : 0u;
  }
  uint rank = simd_prefix_exclusive_sum(equal);
  if (lane == 31) {
    counts[half_used * GROUPS + group] = rank + equal;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint s = 0; s < group; s++) {
    rank += counts[half_used * GROUPS + s];
  }
  for (uint e = 0; e < PER && first + e < last; e++) {
    bool tied = bits[e] == least;
    bool kept = bits[e] > least || (tied && rank < uint(KEEP) - above);
    rank += tied ? 1u : 0u;
    if (!kept) {
      hidden[first + e] = 0.0f;
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
}
for (uint i = tid; i < F; i += THREADS) {
  y[row * F + i] = static_cast<T>(hidden[i]);
}
