// What a prompt's tokens are for gated linear attention: everything between the
// projections and the recurrence. A threadgroup is one token t of one sequence b; each
// SIMD-group takes every GROUPS-th head.
//   q, k, v = silu(conv(proj));  q, k = rope(l2(q)), rope(l2(k))
//   g = -exp(a_log) softplus(gate + gate_bias)     (MAMBA)
//   g = -softplus(-gate) / NORMALIZER              (otherwise)
// proj [B, L, ROW]: q, k, v first, CH of them. gate [B, L, H]. conv_state [B, W - 1, CH],
// conv_weight [W, CH], oldest first. cosines, sines [L, HALF]. sizes[0] is L;
// parameters[0]: 1 / gate normalizer.
constexpr uint CH = (H + HK) * DK + HK * DV;
constexpr uint GROUPS = THREADS / 32;
threadgroup float mixed[CH];

uint tid = thread_position_in_threadgroup.x;
uint lane = thread_index_in_simdgroup;
uint group = simdgroup_index_in_threadgroup;
uint t = threadgroup_position_in_grid.y;
uint b = threadgroup_position_in_grid.z;
uint length = uint(sizes[0]);
uint token = b * length + t;

for (uint c = tid; c < CH; c += THREADS) {
  float sum = 0.0f;
  for (uint w = 0; w < W; w++) {
    // The input w of the window, counted from W - 1 before the first token.
    uint at = t + w;
    float value;
    if (at < W - 1) {
      value = static_cast<float>(conv_state[(b * (W - 1) + at) * CH + c]);
    } else {
      value = static_cast<float>(proj[(b * length + at - (W - 1)) * ROW + c]);
    }
    sum += value * static_cast<float>(conv_weight[w * CH + c]);
  }
  mixed[c] = silu_of(sum);
  // The last W - 1 inputs; the first token sees to those from before the call.
  if (t + W - 1 >= length) {
    conv_state_out[(b * (W - 1) + t + W - 1 - length) * CH + c] = proj[token * ROW + c];
  }
  if (t == 0) {
    for (uint w = 0; w + length < W - 1; w++) {
      conv_state_out[(b * (W - 1) + w) * CH + c] =
          conv_state[(b * (W - 1) + w + length) * CH + c];
    }
  }
}
if (tid < H) {
  float z = static_cast<float>(gate[token * H + tid]);
  float g;
  if (MAMBA) {
    z += static_cast<float>(gate_bias[tid]);
    g = -metal::exp(static_cast<float>(a_log[tid])) * softplus_of(z);
  } else {
    g = -softplus_of(-z) * parameters[0];
  }
  log_decay[token * H + tid] = g;
}
threadgroup_barrier(mem_flags::mem_threadgroup);

for (uint head = group; head < H + HK; head += GROUPS) {
  float squares = 0.0f;
  for (uint i = lane; i < DK; i += 32) {
    squares += mixed[head * DK + i] * mixed[head * DK + i];
  }
  float inverse = 1.0f / (metal::sqrt(simd_sum(squares)) + 1e-6f);
  for (uint i = lane; i < DK; i += 32) {
    float value = mixed[head * DK + i];
    if (i < 2 * HALF) {
      uint pair = i < HALF ? i : i - HALF;
      float other = mixed[head * DK + (i < HALF ? i + HALF : i - HALF)];
      float turn = sines[t * HALF + pair] * (i < HALF ? -other : other);
      value = value * cosines[t * HALF + pair] + turn;
    }
    T turned = static_cast<T>(value * inverse);
    if (head < H) {
      q[(token * H + head) * DK + i] = turned;
    } else {
      k[(token * HK + head - H) * DK + i] = turned;
    }
  }
}
for (uint i = tid; i < HK * DV; i += THREADS) {
  v[token * HK * DV + i] = static_cast<T>(mixed[(H + HK) * DK + i]);
}
