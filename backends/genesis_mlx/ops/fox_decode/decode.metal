// Forgetting attention, one token: everything between the merged projection and the
// input of o_proj. A threadgroup is one query head h of one sequence b, and with SPLIT
// one part of its keys; it reads key head hk = h / (H / HK) and value head h. Each
// SIMD-group takes every GROUPS-th STEP keys and keeps a running softmax; they are
// joined at the end, those of several threadgroups by `fox_join`.
//
//   k, v = silu(conv(proj));  q, k = rms(q) q_norm, rms(k) k_norm
//   f = -softplus(-(x.gate_weight + gate_bias));  d'_j = d_j + f, d' = 0 for itself
//   o = softmax_j(DH^-0.5 q.k_j + d'_j) v;  y = rms(o) norm_weight silu(gate)
//
// proj [B, (3 H + HK) DH]: q, k, v, gate. x [B, D]. gate_weight [H, D].
// conv_state [B, W - 1, (HK + H) DH], conv_weight [W, (HK + H) DH], oldest first.
// Keys in blocks, which stay: keys [B, HK, S, DH], values [B, H, S, DH], S = sizes[0];
// d_j = decay_j + since, decay [B, H, S], since [B, H] float32. Keys after them: the
// first `filled` of tail_keys [B, HK, TAIL, DH], tail_values [B, H, TAIL, DH],
// tail_decay [B, H, TAIL] float32, d_j itself. The token is added to the tail. All d
// are sums of one sign, so that a long chat loses no precision.
// y [B, H DH]; with SPLIT float32 [B, H, PARTS, DH + 2]: weighted sum, total, largest.
constexpr uint CH = (HK + H) * DH;
constexpr uint ROW = (3 * H + HK) * DH;
constexpr uint GROUPS = THREADS / 32;
constexpr uint PER_LANE = (DH + 31) / 32;
constexpr uint STEP = 4;

threadgroup float scratch[32];
threadgroup float own[3 * DH];
threadgroup float maxima[GROUPS];
threadgroup float sums[GROUPS];
threadgroup float partial[GROUPS * DH];

uint tid = thread_position_in_threadgroup.x;
uint lane = thread_index_in_simdgroup;
uint group = simdgroup_index_in_threadgroup;
uint part = threadgroup_position_in_grid.x;
uint h = threadgroup_position_in_grid.y;
uint b = threadgroup_position_in_grid.z;
uint hk = h / (H / HK);
uint settled = uint(sizes[0]);
uint used = uint(filled[0]);
// The last part has the tail and the token itself.
uint parts = SPLIT ? (settled + uint(PART) - 1) / uint(PART) + 1 : 1u;
bool is_last = part == parts - 1;
uint first = SPLIT ? metal::min(part * uint(PART), settled) : 0u;
uint end = is_last ? settled + used + 1 : metal::min(first + uint(PART), settled);

float gate_part = 0.0f;
for (uint d = tid; d < D; d += THREADS) {
  gate_part += static_cast<float>(x[b * D + d]) *
               static_cast<float>(gate_weight[h * D + d]);
}
float z = threadgroup_sum(gate_part, scratch, lane, group, GROUPS);
float f = -softplus_of(-(z + static_cast<float>(gate_bias[h])));
float before = since[b * H + h] + f;
if (tid == 0 && is_last) {
  log_forget[b * H + h] = f;
  since_out[b * H + h] = before;
}

// Query, key and value of this token; the first head of a group writes its key.
bool writes_key = is_last && h % (H / HK) == 0;
for (uint i = tid; i < 3 * DH; i += THREADS) {
  if (i < DH) {
    own[i] = static_cast<float>(proj[b * ROW + h * DH + i]);
    continue;
  }
  bool is_key = i < 2 * DH;
  bool writes = is_key ? writes_key : is_last;
  uint c = is_key ? hk * DH + i - DH : (HK + h) * DH + i - 2 * DH;
  float sum = 0.0f;
  for (uint w = 0; w < W; w++) {
    T value;
    if (w == W - 1) {
      value = proj[b * ROW + H * DH + c];
    } else {
      value = conv_state[(b * (W - 1) + w) * CH + c];
    }
    sum += static_cast<float>(value) * static_cast<float>(conv_weight[w * CH + c]);
    if (w > 0 && writes) {
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

// The tail with the token in it. What is not used yet is written too: as zeros.
if (is_last) {
  for (uint e = tid; e < TAIL * DH; e += THREADS) {
    uint j = e / DH;
    uint at = (b * H + h) * TAIL * DH + e;
    T value = static_cast<T>(0.0f);
    if (j < used) {
      value = tail_values[at];
    } else if (j == used) {
      value = static_cast<T>(own[2 * DH + e % DH]);
    }
    tail_values_out[at] = value;
  }
  for (uint e = tid; e < TAIL * DH && writes_key; e += THREADS) {
    uint j = e / DH;
    uint at = (b * HK + hk) * TAIL * DH + e;
    T value = static_cast<T>(0.0f);
    if (j < used) {
      value = tail_keys[at];
    } else if (j == used) {
      value = static_cast<T>(own[DH + e % DH]);
    }
    tail_keys_out[at] = value;
  }
  for (uint j = tid; j < TAIL; j += THREADS) {
    uint at = (b * H + h) * TAIL + j;
    tail_decay_out[at] = j < used ? tail_decay[at] + f : 0.0f;
  }
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
// Several keys at a time: none waits for the memory of the one before.
for (uint start = first + group * STEP; start < end; start += GROUPS * STEP) {
  float score[STEP];
  float value[STEP * PER_LANE];
  for (uint s = 0; s < STEP; s++) {
    uint j = start + s;
    float product = 0.0f;
    float gone = -INFINITY;
    for (uint e = 0; e < PER_LANE; e++) {
      uint i = lane + 32 * e;
      value[s * PER_LANE + e] = 0.0f;
      if (i < DH && j < end) {
        float key;
        if (j < settled) {
          key = static_cast<float>(keys[((b * HK + hk) * settled + j) * DH + i]);
          value[s * PER_LANE + e] =
              static_cast<float>(values[((b * H + h) * settled + j) * DH + i]);
        } else if (j < settled + used) {
          uint t = j - settled;
          key = static_cast<float>(tail_keys[((b * HK + hk) * TAIL + t) * DH + i]);
          value[s * PER_LANE + e] =
              static_cast<float>(tail_values[((b * H + h) * TAIL + t) * DH + i]);
        } else {
          key = own[DH + i];
          value[s * PER_LANE + e] = own[2 * DH + i];
        }
        product += query[e] * key;
      }
    }
    if (j < settled && j < end) {
      gone = decay[(b * H + h) * settled + j] + before;
    } else if (j < settled + used && j < end) {
      gone = tail_decay[(b * H + h) * TAIL + j - settled] + f;
    } else if (j < end) {
      gone = 0.0f;
    }
    score[s] = simd_sum(product) + gone;
  }
  float raised = largest;
  for (uint s = 0; s < STEP; s++) {
    raised = metal::max(raised, score[s]);
  }
  float shrink = metal::fast::exp(largest - raised);
  total *= shrink;
  for (uint e = 0; e < PER_LANE; e++) {
    sum_v[e] *= shrink;
  }
  for (uint s = 0; s < STEP; s++) {
    float weight = metal::fast::exp(score[s] - raised);
    total += weight;
    for (uint e = 0; e < PER_LANE; e++) {
      sum_v[e] += weight * value[s * PER_LANE + e];
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
float whole = 0.0f;
// SIMD-group 0 always has a key, so the largest is finite.
float highest = maxima[0];
if (tid < DH) {
  for (uint s = 1; s < GROUPS; s++) {
    highest = metal::max(highest, maxima[s]);
  }
  for (uint s = 0; s < GROUPS; s++) {
    float share = metal::exp(maxima[s] - highest);
    whole += sums[s] * share;
    out += partial[s * DH + tid] * share;
  }
}
if (SPLIT) {
  uint at = ((b * H + h) * parts + part) * (DH + 2);
  if (tid < DH) {
    y[at + tid] = static_cast<Y>(out);
  }
  if (tid == 0) {
    y[at + DH] = static_cast<Y>(whole);
    y[at + DH + 1] = static_cast<Y>(highest);
  }
} else {
  out = tid < DH ? out / whole : 0.0f;
  float power = threadgroup_sum(out * out, scratch, lane, group, GROUPS);
  if (tid < DH) {
    float gate = static_cast<float>(proj[b * ROW + H * DH + CH + h * DH + tid]);
    float normed = out * metal::rsqrt(power / float(DH) + eps[0]);
    normed *= static_cast<float>(norm_weight[tid]);
    y[(b * H + h) * DH + tid] = static_cast<Y>(normed * silu_of(gate));
  }
}
