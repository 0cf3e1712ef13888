// Forgetting attention, one token: everything between the merged projection and the
// input of o_proj. A threadgroup is one query head h of one sequence b; it reads key
// head hk = h / (H / HK) and value head h. Each SIMD-group takes every eighth key and
// keeps a running softmax; the eight are joined at the end.
//
//   k, v = silu(conv(proj));  q, k = rms(q) q_norm, rms(k) k_norm
//   f = -softplus(-(x.gate_weight + gate_bias));  d'_j = d_j + f, d' = 0 for itself
//   o = softmax_j(DH^-0.5 q.k_j + d'_j) v;  y = rms(o) norm_weight silu(gate)
//
// proj [B, (3 H + HK) DH]: q, k, v, gate. x [B, D]. gate_weight [H, D].
// conv_state [B, W - 1, (HK + H) DH], conv_weight [W, (HK + H) DH], oldest first.
// keys [B, HK, CAPACITY, DH], values [B, H, CAPACITY, DH]: sizes[0] of them are filled,
// sizes[1] is CAPACITY. decay [B, H, S] float32 and decay_out [B, H, S + 1]: sums of f
// since each key, all of one sign, so that a long chat loses no precision.
constexpr uint CH = (HK + H) * DH;
constexpr uint ROW = (3 * H + HK) * DH;
constexpr uint GROUPS = THREADS / 32;
constexpr uint PER_LANE = (DH + 31) / 32;

threadgroup float scratch[32];
threadgroup float own[3 * DH];
threadgroup float maxima[GROUPS];
threadgroup float sums[GROUPS];
threadgroup float partial[GROUPS * DH];

uint tid = thread_position_in_threadgroup.x;
uint lane = thread_index_in_simdgroup;
uint group = simdgroup_index_in_threadgroup;
uint h = threadgroup_position_in_grid.y;
uint b = threadgroup_position_in_grid.z;
uint hk = h / (H / HK);
uint seen = uint(sizes[0]);
uint capacity = uint(sizes[1]);

float gate_part = 0.0f;
for (uint d = tid; d < D; d += THREADS) {
  gate_part += static_cast<float>(x[b * D + d]) *
               static_cast<float>(gate_weight[h * D + d]);
}
float z = threadgroup_sum(gate_part, scratch, lane, group, GROUPS);
float f = -softplus_of(-(z + static_cast<float>(gate_bias[h])));
if (tid == 0) {
  log_forget[b * H + h] = f;
}

// Query, key and value of this token; the first head of a group writes its key.
bool writes_key = h % (H / HK) == 0;
for (uint i = tid; i < 3 * DH; i += THREADS) {
  if (i < DH) {
    own[i] = static_cast<float>(proj[b * ROW + h * DH + i]);
    continue;
  }
  bool is_key = i < 2 * DH;
  uint c = is_key ? hk * DH + i - DH : (HK + h) * DH + i - 2 * DH;
  float sum = 0.0f;
  for (uint w = 0; w < W; w++) {
    T value = w == W - 1 ? proj[b * ROW + H * DH + c]
                         : conv_state[(b * (W - 1) + w) * CH + c];
    sum += static_cast<float>(value) * static_cast<float>(conv_weight[w * CH + c]);
    if (w > 0 && (!is_key || writes_key)) {
      conv_state_out[(b * (W - 1) + w - 1) * CH + c] = value;
    }
  }
  own[i] = silu_of(sum);
}
threadgroup_barrier(mem_flags::mem_threadgroup);

// SIMD-group 0 normalises the query, SIMD-group 1 the key.
float squares = 0.0f;
if (group < 2) {
  for (uint i = lane; i < DH; i += 32) {
    squares += own[group * DH + i] * own[group * DH + i];
  }
  float inverse = metal::rsqrt(simd_sum(squares) / float(DH) + eps[0]);
  for (uint i = lane; i < DH; i += 32) {
    float weight = group == 0
        ? static_cast<float>(q_norm[h * DH + i]) * metal::rsqrt(float(DH))
        : static_cast<float>(k_norm[hk * DH + i]);
    own[group * DH + i] *= inverse * weight;
  }
}
threadgroup_barrier(mem_flags::mem_threadgroup);
if (tid < DH) {
  if (writes_key) {
    new_key[(b * HK + hk) * DH + tid] = static_cast<T>(own[DH + tid]);
  }
  new_value[(b * H + h) * DH + tid] = static_cast<T>(own[2 * DH + tid]);
}

float query[PER_LANE];
float sum_v[PER_LANE];
for (uint e = 0; e < PER_LANE; e++) {
  uint i = lane + 32 * e;
  query[e] = i < DH ? own[i] : 0.0f;
  sum_v[e] = 0.0f;
}
float largest = -INFINITY;
float total = 0.0f;
for (uint j = group; j <= seen; j += GROUPS) {
  bool is_own = j == seen;
  uint key_at = ((b * HK + hk) * capacity + j) * DH;
  uint value_at = ((b * H + h) * capacity + j) * DH;
  float product = 0.0f;
  for (uint e = 0; e < PER_LANE; e++) {
    uint i = lane + 32 * e;
    if (i < DH) {
      product += query[e] * (is_own ? own[DH + i] : static_cast<float>(keys[key_at + i]));
    }
  }
  float since = is_own ? 0.0f : decay[(b * H + h) * seen + j] + f;
  if (lane == 0) {
    decay_out[(b * H + h) * (seen + 1) + j] = since;
  }
  float score = simd_sum(product) + since;
  float raised = metal::max(largest, score);
  float shrink = metal::exp(largest - raised);
  float weight = metal::exp(score - raised);
  total = total * shrink + weight;
  for (uint e = 0; e < PER_LANE; e++) {
    uint i = lane + 32 * e;
    if (i < DH) {
      float value = is_own ? own[2 * DH + i] : static_cast<float>(values[value_at + i]);
      sum_v[e] = sum_v[e] * shrink + weight * value;
    }
  }
  largest = raised;
}
if (lane == 0) {
  maxima[group] = largest;
  sums[group] = total;
}
for (uint e = 0; e < PER_LANE; e++) {
  uint i = lane + 32 * e;
  if (i < DH) {
    partial[group * DH + i] = sum_v[e];
  }
}
threadgroup_barrier(mem_flags::mem_threadgroup);

float out = 0.0f;
if (tid < DH) {
  // SIMD-group 0 always has a key, so the largest is finite.
  float highest = maxima[0];
  for (uint s = 1; s < GROUPS; s++) {
    highest = metal::max(highest, maxima[s]);
  }
  float whole = 0.0f;
  for (uint s = 0; s < GROUPS; s++) {
    float share = metal::exp(maxima[s] - highest);
    whole += sums[s] * share;
    out += partial[s * DH + tid] * share;
  }
  out /= whole;
}
float power = threadgroup_sum(out * out, scratch, lane, group, GROUPS);
if (tid < DH) {
  float gate = static_cast<float>(proj[b * ROW + H * DH + CH + h * DH + tid]);
  float normed = out * metal::rsqrt(power / float(DH) + eps[0]);
  normed *= static_cast<float>(norm_weight[tid]);
  y[(b * H + h) * DH + tid] = static_cast<T>(normed * silu_of(gate));
}
