// Forgetting attention for the last L of S positions. A threadgroup is one query head
// h of one sequence b and QUERIES queries; it reads key head h / (H / HK), BLOCK keys
// at a time, with a running softmax (arXiv 2205.14135). It never holds a row of scores.
//
//   o_i = softmax_j(DK^-0.5 q_i.k_j + d_ij) v_j,  d_ij = f_{j+1} + .. + f_i, j <= i
//
// Its own keys come first, then the blocks before them, backwards: so every d is a sum
// of terms of one sign (up to the first query, between the blocks, after the key), and
// a long text loses no precision. Keys from before the call bring their sum in decay.
//
// q [B, L, H, DK], k [B, S, HK, DK], v [B, S, H, DV], log_forget [B, L, H] and
// decay [B, H, S - L], with any strides; out [B, L, H, DV] and decay_out [B, H, S],
// float32. sizes: L, S. Rows and columns beyond the arrays are zeros.
constexpr uint QUERIES = 16;
constexpr uint WIDE_K = (DK + 7) / 8 * 8;
constexpr uint WIDE_V = (DV + 7) / 8 * 8;
constexpr uint WIDE = WIDE_K > WIDE_V ? WIDE_K : WIDE_V;
constexpr uint GROUPS = THREADS / 32;
typedef simdgroup_matrix<float, 8, 8> Tile;

threadgroup float queries[QUERIES * WIDE_K];
threadgroup float block_kv[BLOCK * WIDE];
threadgroup float scores[QUERIES * BLOCK];
threadgroup float sums[QUERIES * WIDE_V];
threadgroup float largest[QUERIES];
threadgroup float total[QUERIES];
threadgroup float since_first[QUERIES];
threadgroup float since_key[BLOCK];
threadgroup float gates[BLOCK];

uint tid = thread_position_in_threadgroup.x;
uint lane = thread_index_in_simdgroup;
uint group = simdgroup_index_in_threadgroup;
uint h = threadgroup_position_in_grid.y;
uint b = threadgroup_position_in_grid.z;
uint hk = h / (H / HK);
int length = sizes[0];
int all_keys = sizes[1];
int earlier = all_keys - length;
int first = int(threadgroup_position_in_grid.x) * int(QUERIES);
int last = metal::min(first + int(QUERIES), length) - 1;
bool reports = last == length - 1;
// Where this head's part of each array begins, and its steps from token to token and
// from number to number: 32 bits are enough, and quicker than the 64 of the strides.
int q_at = int(b * q_strides[0] + h * q_strides[2]);
int k_at = int(b * k_strides[0] + hk * k_strides[2]);
int v_at = int(b * v_strides[0] + h * v_strides[2]);
int gates_at = int(b * log_forget_strides[0] + h * log_forget_strides[2]);
int decay_at = int(b * decay_strides[0] + h * decay_strides[1]);
int q_step = int(q_strides[1]);
int k_step = int(k_strides[1]);
int v_step = int(v_strides[1]);
int gates_step = int(log_forget_strides[1]);
int decay_step = int(decay_strides[2]);
int q_unit = int(q_strides[3]);
int k_unit = int(k_strides[3]);
int v_unit = int(v_strides[3]);

for (uint e = tid; e < QUERIES * WIDE_K; e += THREADS) {
  int t = first + int(e / WIDE_K);
  uint i = e % WIDE_K;
  queries[e] = t < length && i < DK
      ? static_cast<float>(q[q_at + t * q_step + int(i) * q_unit]) *
            metal::rsqrt(float(DK))
      : 0.0f;
}
for (uint e = tid; e < QUERIES * WIDE_V; e += THREADS) {
  sums[e] = 0.0f;
}
if (group == 0) {
  int t = first + int(lane);
  bool there = lane < QUERIES && t <= last;
  float gate = there ? log_forget[gates_at + t * gates_step] : 0.0f;
  float sum = simd_prefix_inclusive_sum(gate);
  if (lane < QUERIES) {
    since_first[lane] = sum;
    largest[lane] = -INFINITY;
    total[lane] = 0.0f;
  }
}

// Keys low .. high - 1 in turn: its own, blocks before it, blocks before the call.
int low = earlier + first;
int high = earlier + last + 1;
float between = 0.0f;
while (high > 0) {
  bool own = low >= earlier + first;
  bool old = high <= earlier;
  for (uint e = tid; e < BLOCK * WIDE_K; e += THREADS) {
    int j = low + int(e / WIDE_K);
    uint i = e % WIDE_K;
    block_kv[e] = j < high && i < DK
        ? static_cast<float>(k[k_at + j * k_step + int(i) * k_unit])
        : 0.0f;
  }
  if (tid < BLOCK) {
    int t = low + int(tid) - earlier;
    bool there = !old && low + int(tid) < high;
    gates[tid] = there ? log_forget[gates_at + t * gates_step] : 0.0f;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);

  if (group == 0) {
    // The lanes go backwards, so that a lane's sum is that of the gates after its key.
    uint key = uint(BLOCK) - 1 - metal::min(lane, uint(BLOCK) - 1);
    float gate = lane < BLOCK ? gates[key] : 0.0f;
    float after = simd_prefix_exclusive_sum(gate);
    int j = low + int(key);
    float sum = between;
    if (old) {
      sum += j < high ? static_cast<float>(decay[decay_at + j * decay_step]) : 0.0f;
    } else if (!own) {
      sum += after;
      between += simd_sum(gate);
    }
    if (lane < BLOCK) {
      since_key[key] = sum;
    }
  }
  for (uint tile = group; tile < 2 * BLOCK / 8; tile += GROUPS) {
    uint r = tile % 2 * 8;
    uint c = tile / 2 * 8;
    Tile sum = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
    Tile left;
    Tile right;
    for (uint i = 0; i < WIDE_K; i += 8) {
      simdgroup_load(left, queries + r * WIDE_K + i, WIDE_K);
      simdgroup_load(right, block_kv + c * WIDE_K + i, WIDE_K, ulong2(0, 0), true);
      simdgroup_multiply_accumulate(sum, left, right, sum);
    }
    simdgroup_store(sum, scores + r * BLOCK + c, BLOCK);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);

  // The values take the place of the keys, while each SIMD-group sees to some rows.
  for (uint e = tid; e < BLOCK * WIDE_V; e += THREADS) {
    int j = low + int(e / WIDE_V);
    uint i = e % WIDE_V;
    block_kv[e] = j < high && i < DV
        ? static_cast<float>(v[v_at + j * v_step + int(i) * v_unit])
        : 0.0f;
  }
  for (uint r = group; r < QUERIES; r += GROUPS) {
    int j = low + int(lane);
    int i = earlier + metal::min(first + int(r), last);
    bool seen = lane < BLOCK && j < high && j <= i;
    float since = 0.0f;
    if (seen && own) {
      for (int t = j + 1; t <= i; t++) {
        since += gates[t - low];
      }
    } else if (seen) {
      since = since_first[r] + since_key[lane];
    }
    if (seen && reports && int(r) == last - first) {
      decay_out[(b * H + h) * all_keys + j] = since;
    }
    float score = seen ? scores[r * BLOCK + lane] + since : -INFINITY;
    float before = largest[r];
    float raised = metal::max(before, simd_max(score));
    float shrink = metal::exp(before - raised);
    float weight = metal::exp(score - raised);
    float sum = simd_sum(weight);
    if (lane < BLOCK) {
      scores[r * BLOCK + lane] = weight;
    }
    for (uint e = lane; e < WIDE_V; e += 32) {
      sums[r * WIDE_V + e] *= shrink;
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
    if (lane == 0) {
      largest[r] = raised;
      total[r] = total[r] * shrink + sum;
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);

  for (uint tile = group; tile < 2 * WIDE_V / 8; tile += GROUPS) {
    uint r = tile % 2 * 8;
    uint c = tile / 2 * 8;
    Tile sum;
    Tile left;
    Tile right;
    simdgroup_load(sum, sums + r * WIDE_V + c, WIDE_V);
    for (uint i = 0; i < BLOCK; i += 8) {
      simdgroup_load(left, scores + r * BLOCK + i, BLOCK);
      simdgroup_load(right, block_kv + i * WIDE_V + c, WIDE_V);
      simdgroup_multiply_accumulate(sum, left, right, sum);
    }
    simdgroup_store(sum, sums + r * WIDE_V + c, WIDE_V);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  high = low;
  low = metal::max(high - int(BLOCK), high > earlier ? earlier : 0);
}

for (uint e = tid; e < QUERIES * WIDE_V; e += THREADS) {
  int t = first + int(e / WIDE_V);
  uint i = e % WIDE_V;
  if (t < length && i < DV) {
    out[((b * length + t) * H + h) * DV + i] = sums[e] / total[e / WIDE_V];
  }
}
