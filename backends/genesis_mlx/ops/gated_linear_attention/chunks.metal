// Gated linear attention over many tokens, CHUNK at a time. A threadgroup is one head
// h of one sequence b and COLUMNS columns of its values; it keeps their state in
// threadgroup memory and reads key/value head hk = h mod Hk. In a chunk that starts
// after the state S, with p_i the decay from its start to token i:
//
//   O = (Q K^T * D) V + diag(p) Q S,  D_ij = exp(g_{j+1} + .. + g_i), j <= i
//   S' = p_C S + (K * exp(g_{j+1} + .. + g_C))^T V
//
// q [B, L, H, DK], k [B, L, HK, DK], v [B, L, HK, DV], log_decay [B, L, H] float32,
// state [B, H, DK, DV] float32; out [B, L, H, DV] float32. sizes[0] is L. Rows and
// columns beyond the arrays are zeros, with a decay of 1. The products are of 8 x 8
// blocks, each by one SIMD-group: ROWS is DK rounded up to 8.
constexpr uint CHUNK = 16;
constexpr uint COLUMNS = 16;
constexpr uint ROWS = (DK + 7) / 8 * 8;
constexpr uint GROUPS = THREADS / 32;
constexpr uint ACROSS = COLUMNS / 8;

threadgroup float queries[CHUNK * ROWS];
threadgroup float keys[CHUNK * ROWS];
threadgroup float content[CHUNK * COLUMNS];
threadgroup float scores[CHUNK * CHUNK];
threadgroup float memory[ROWS * COLUMNS];
threadgroup float result[CHUNK * COLUMNS];
threadgroup float gates[CHUNK];
threadgroup float from_start[CHUNK];
threadgroup float to_end[CHUNK];

uint tid = thread_position_in_threadgroup.x;
uint group = simdgroup_index_in_threadgroup;
uint column = threadgroup_position_in_grid.x * COLUMNS;
uint h = threadgroup_position_in_grid.y;
uint b = threadgroup_position_in_grid.z;
uint hk = h % HK;
uint length = uint(sizes[0]);
uint state_at = (b * H + h) * DK * DV;

for (uint e = tid; e < ROWS * COLUMNS; e += THREADS) {
  uint row = e / COLUMNS;
  uint c = column + e % COLUMNS;
  memory[e] = row < DK && c < DV ? state[state_at + row * DV + c] : 0.0f;
}
for (uint start = 0; start < length; start += CHUNK) {
  for (uint e = tid; e < CHUNK * ROWS; e += THREADS) {
    uint t = start + e / ROWS;
    uint i = e % ROWS;
    bool there = t < length && i < DK;
    queries[e] = there ? static_cast<float>(q[((b * length + t) * H + h) * DK + i]) *
                             metal::rsqrt(float(DK))
                       : 0.0f;
    keys[e] = there ? static_cast<float>(k[((b * length + t) * HK + hk) * DK + i]) : 0.0f;
  }
  for (uint e = tid; e < CHUNK * COLUMNS; e += THREADS) {
    uint t = start + e / COLUMNS;
    uint c = column + e % COLUMNS;
    content[e] = t < length && c < DV
        ? static_cast<float>(v[((b * length + t) * HK + hk) * DV + c])
        : 0.0f;
  }
  if (tid < CHUNK) {
    uint t = start + tid;
    gates[tid] = t < length ? log_decay[(b * length + t) * H + h] : 0.0f;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);

  // Scores, two blocks each way, and the sums of gates from and to the borders.
  for (uint block = group; block < 4; block += GROUPS) {
    uint r = block / 2 * 8;
    uint c = block % 2 * 8;
    simdgroup_matrix<float, 8, 8> sum = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
    simdgroup_matrix<float, 8, 8> left;
    simdgroup_matrix<float, 8, 8> right;
    for (uint i = 0; i < ROWS; i += 8) {
      simdgroup_load(left, queries + r * ROWS + i, ROWS);
      simdgroup_load(right, keys + c * ROWS + i, ROWS, ulong2(0, 0), true);
      simdgroup_multiply_accumulate(sum, left, right, sum);
    }
    simdgroup_store(sum, scores + r * CHUNK + c, CHUNK);
  }
  if (tid < CHUNK) {
    float before = 0.0f;
    float after = 0.0f;
    for (uint s = 0; s < CHUNK; s++) {
      before += s <= tid ? gates[s] : 0.0f;
      after += s > tid ? gates[s] : 0.0f;
    }
    from_start[tid] = metal::exp(before);
    to_end[tid] = metal::exp(after);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  // Each decay is summed by itself: as a difference of two running sums, a weak one
  // after a strong one would drown in rounding.
  for (uint e = tid; e < CHUNK * CHUNK; e += THREADS) {
    uint i = e / CHUNK;
    uint j = e % CHUNK;
    float sum = 0.0f;
    for (uint s = j + 1; s <= i; s++) {
      sum += gates[s];
    }
    scores[e] = j <= i ? scores[e] * metal::exp(sum) : 0.0f;
  }
  // The queries, decayed from the start of the chunk, meet the state.
  for (uint e = tid; e < CHUNK * ROWS; e += THREADS) {
    queries[e] *= from_start[e / ROWS];
    keys[e] *= to_end[e / ROWS];
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);

  for (uint block = group; block < 2 * ACROSS; block += GROUPS) {
    uint r = block / ACROSS * 8;
    uint c = block % ACROSS * 8;
    simdgroup_matrix<float, 8, 8> sum = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
    simdgroup_matrix<float, 8, 8> left;
    simdgroup_matrix<float, 8, 8> right;
    for (uint i = 0; i < CHUNK; i += 8) {
      simdgroup_load(left, scores + r * CHUNK + i, CHUNK);
      simdgroup_load(right, content + i * COLUMNS + c, COLUMNS);
      simdgroup_multiply_accumulate(sum, left, right, sum);
    }
    for (uint i = 0; i < ROWS; i += 8) {
      simdgroup_load(left, queries + r * ROWS + i, ROWS);
      simdgroup_load(right, memory + i * COLUMNS + c, COLUMNS);
      simdgroup_multiply_accumulate(sum, left, right, sum);
    }
    simdgroup_store(sum, result + r * COLUMNS + c, COLUMNS);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float whole = from_start[CHUNK - 1];
  for (uint e = tid; e < ROWS * COLUMNS; e += THREADS) {
    memory[e] *= whole;
  }
  for (uint e = tid; e < CHUNK * COLUMNS; e += THREADS) {
    uint t = start + e / COLUMNS;
    uint c = column + e % COLUMNS;
    if (t < length && c < DV) {
      out[((b * length + t) * H + h) * DV + c] = result[e];
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint block = group; block < ROWS / 8 * ACROSS; block += GROUPS) {
    uint r = block / ACROSS * 8;
    uint c = block % ACROSS * 8;
    simdgroup_matrix<float, 8, 8> sum;
    simdgroup_matrix<float, 8, 8> left;
    simdgroup_matrix<float, 8, 8> right;
    simdgroup_load(sum, memory + r * COLUMNS + c, COLUMNS);
    for (uint i = 0; i < CHUNK; i += 8) {
      simdgroup_load(left, keys + i * ROWS + r, ROWS, ulong2(0, 0), true);
      simdgroup_load(right, content + i * COLUMNS + c, COLUMNS);
      simdgroup_multiply_accumulate(sum, left, right, sum);
    }
    simdgroup_store(sum, memory + r * COLUMNS + c, COLUMNS);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
}
for (uint e = tid; e < ROWS * COLUMNS; e += THREADS) {
  uint row = e / COLUMNS;
  uint c = column + e % COLUMNS;
  if (row < DK && c < DV) {
    state_out[state_at + row * DV + c] = memory[e];
  }
}
