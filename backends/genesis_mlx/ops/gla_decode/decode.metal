// Gated linear attention, one token: everything between the merged projection and
// the input of o_proj. A threadgroup is one head h of one sequence b, reading
// key/value head hk = h mod Hk.
//
//   q, k, v = silu(conv(proj));  q, k = rope(l2(q)), rope(l2(k))
//   g = -exp(a_log) softplus(x.gate_weight + dt_bias)     (MAMBA)
//   g = -softplus(-(x.gate_weight + dt_bias)) / NORMALIZER (otherwise)
//   S' = exp(g) S + k v^T
//   DELTA: S' = exp(g) S + k (beta (v - k exp(g) S))^T,  beta = sigmoid(x.b + bias)
//   y = rms(Dk^-0.5 q S') norm_weight silu(gate)
//
// proj [B, CH + H DV], CH = (H + HK) DK + HK DV: q, k, v, gate. x [B, D].
// gate_weight, beta_weight [H, D]. conv_state [B, W - 1, CH], conv_weight [W, CH],
// oldest first. cosines, sines [1, 1, HALF], or of each sequence [B, 1, 1, HALF].
// state [B, H, DK, DV] float32.
// parameters[0]: 1 / gate normalizer; parameters[1]: eps of the norm.
constexpr uint CH = (H + HK) * DK + HK * DV;
constexpr uint SPLITS = THREADS / DV;
constexpr uint ROWS = (DK + SPLITS - 1) / SPLITS;

threadgroup float scratch[32];
threadgroup float mixed[2 * DK + DV];
threadgroup float turned[2 * DK];
threadgroup float parts[THREADS];

uint tid = thread_position_in_threadgroup.x;
uint lane = thread_index_in_simdgroup;
uint group = simdgroup_index_in_threadgroup;
uint h = threadgroup_position_in_grid.y;
uint b = threadgroup_position_in_grid.z;
uint hk = h % HK;
uint turns = cosines_ndim == 4 ? b * uint(HALF) : 0u;
uint groups = THREADS / 32;

// The gate, and the step size of the delta rule.
float gate_part = 0.0f;
float beta_part = 0.0f;
for (uint d = tid; d < D; d += THREADS) {
  float value = static_cast<float>(x[b * D + d]);
  gate_part += value * static_cast<float>(gate_weight[h * D + d]);
  if (DELTA) {
    beta_part += value * static_cast<float>(beta_weight[h * D + d]);
  }
}
float z = threadgroup_sum(gate_part, scratch, lane, group, groups);
z += static_cast<float>(gate_bias[h]);
float g = MAMBA ? -metal::exp(static_cast<float>(a_log[h])) * softplus_of(z)
                : -softplus_of(-z) * parameters[0];
float decay = metal::exp(g);
float beta = 1.0f;
if (DELTA) {
  beta = threadgroup_sum(beta_part, scratch, lane, group, groups);
  beta = sigmoid_of(beta + static_cast<float>(beta_bias[h]));
}
if (tid == 0) {
  log_decay[b * H + h] = g;
}

// The convolution of this head's channels; keys and values belong to several heads,
// and the first of them writes their state.
for (uint i = tid; i < 2 * DK + DV; i += THREADS) {
  uint c = i < DK ? h * DK + i
      : i < 2 * DK ? H * DK + hk * DK + i - DK
                   : (H + HK) * DK + hk * DV + i - 2 * DK;
  bool writes = i < DK || h < HK;
  float sum = 0.0f;
  for (uint w = 0; w < W; w++) {
    T value;
    if (w == W - 1) {
      value = proj[b * (CH + H * DV) + c];
    } else {
      value = conv_state[(b * (W - 1) + w) * CH + c];
    }
    sum += static_cast<float>(value) * static_cast<float>(conv_weight[w * CH + c]);
    if (writes && w > 0) {
      conv_state_out[(b * (W - 1) + w - 1) * CH + c] = value;
    }
  }
  mixed[i] = silu_of(sum);
}
threadgroup_barrier(mem_flags::mem_threadgroup);

// SIMD-group 0 turns the query, SIMD-group 1 the key.
if (group < 2) {
  float squares = 0.0f;
  for (uint i = lane; i < DK; i += 32) {
    squares += mixed[group * DK + i] * mixed[group * DK + i];
  }
  float inverse = 1.0f / (metal::sqrt(simd_sum(squares)) + 1e-6f);
  for (uint i = lane; i < DK; i += 32) {
    float value = mixed[group * DK + i];
    if (i < 2 * HALF) {
      uint pair = i < HALF ? i : i - HALF;
      float other = mixed[group * DK + (i < HALF ? i + HALF : i - HALF)];
      float turn = sines[turns + pair] * (i < HALF ? -other : other);
      value = value * cosines[turns + pair] + turn;
    }
    turned[group * DK + i] = value * inverse;
  }
}
threadgroup_barrier(mem_flags::mem_threadgroup);

// The state: neighbouring threads take neighbouring columns, SPLITS of them share one.
uint column = tid % DV;
uint split = tid / DV;
bool works = split < SPLITS;
uint first = split * ROWS;
uint last = metal::min(first + ROWS, uint(DK));
uint base = ((b * H + h) * DK) * DV + column;
float value = works ? mixed[2 * DK + column] : 0.0f;
if (DELTA) {
  float predicted = 0.0f;
  if (works) {
    for (uint i = first; i < last; i++) {
      predicted += turned[DK + i] * decay * state[base + i * DV];
    }
  }
  parts[tid] = predicted;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (works) {
    for (uint s = 0; s < SPLITS; s++) {
      value -= parts[s * DV + column];
    }
    value *= beta;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
}
float read = 0.0f;
if (works) {
  for (uint i = first; i < last; i++) {
    float s = decay * state[base + i * DV] + turned[DK + i] * value;
    state_out[base + i * DV] = s;
    read += turned[i] * s;
  }
}
parts[tid] = read;
threadgroup_barrier(mem_flags::mem_threadgroup);
float out = 0.0f;
if (tid < DV) {
  for (uint s = 0; s < SPLITS; s++) {
    out += parts[s * DV + tid];
  }
  out *= metal::rsqrt(float(DK));
}
float squares = threadgroup_sum(out * out, scratch, lane, group, groups);
if (tid < DV) {
  float gate = static_cast<float>(proj[b * (CH + H * DV) + CH + h * DV + tid]);
  float inverse = metal::rsqrt(squares / float(DV) + parameters[1]);
  float normed = out * inverse * static_cast<float>(norm_weight[tid]);
  y[(b * H + h) * DV + tid] = static_cast<T>(normed * silu_of(gate));
}
