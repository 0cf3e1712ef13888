// What a prompt's tokens are for forgetting attention: everything between the
// projections and the attention. A threadgroup is one token t of one sequence b; each
// SIMD-group takes every GROUPS-th head.
//   k, v = silu(conv(proj));  q, k = rms(q) q_norm, rms(k) k_norm
//   f = -softplus(-gate)
// proj [B, L, ROW]: q [H DH] and then k, v, CH of them. gate [B, L, H].
// conv_state [B, W - 1, CH], conv_weight [W, CH], oldest first. sizes[0] is L.
// q [B, L, H, DH]; keys [B, HK, L, DH] and values [B, H, L, DH], as they are kept.
constexpr uint CH = (HK + H) * DH;
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
      uint row = b * length + at - (W - 1);
      value = static_cast<float>(proj[row * ROW + H * DH + c]);
    }
    sum += value * static_cast<float>(conv_weight[w * CH + c]);
  }
  mixed[c] = silu_of(sum);
  // The last W - 1 inputs; the first token sees to those from before the call.
  if (t + W - 1 >= length) {
    conv_state_out[(b * (W - 1) + t + W - 1 - length) * CH + c] =
        proj[token * ROW + H * DH + c];
  }
  if (t == 0) {
    for (uint w = 0; w + length < W - 1; w++) {
      conv_state_out[(b * (W - 1) + w) * CH + c] =
          conv_state[(b * (W - 1) + w + length) * CH + c];
    }
  }
}
if (tid < H) {
  log_forget[token * H + tid] = -softplus_of(-static_cast<float>(gate[token * H + tid]));
}
threadgroup_barrier(mem_flags::mem_threadgroup);

for (uint head = group; head < H + HK; head += GROUPS) {
  bool is_query = head < H;
  uint key_head = is_query ? 0u : head - H;
  float squares = 0.0f;
  for (uint i = lane; i < DH; i += 32) {
    float value;
    if (is_query) {
      value = static_cast<float>(proj[token * ROW + head * DH + i]);
    } else {
      value = mixed[key_head * DH + i];
    }
    squares += value * value;
  }
  float inverse = metal::rsqrt(simd_sum(squares) / float(DH) + eps[0]);
  for (uint i = lane; i < DH; i += 32) {
    if (is_query) {
      float value = static_cast<float>(proj[token * ROW + head * DH + i]);
      float weight = static_cast<float>(q_norm[head * DH + i]);
      q[(token * H + head) * DH + i] = static_cast<T>(value * inverse * weight);
    } else {
      float weight = static_cast<float>(k_norm[key_head * DH + i]);
      uint at = ((b * HK + key_head) * length + t) * DH + i;
      keys[at] = static_cast<T>(mixed[key_head * DH + i] * inverse * weight);
    }
  }
}
for (uint i = tid; i < H * DH; i += THREADS) {
  uint at = ((b * H + i / DH) * length + t) * DH + i % DH;
  values[at] = static_cast<T>(mixed[HK * DH + i]);
}
