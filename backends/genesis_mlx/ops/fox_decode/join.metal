// The parts of a token's forgetting attention joined, and the gated norm. A threadgroup
// is one query head h of one sequence b.
//   o = sum_p exp(m_p - m) sum_p / sum_p exp(m_p - m) total_p,  m = max_p m_p
//   y = rms(o) norm_weight silu(gate)
// parts [B, H, PARTS, DH + 2] float32: weighted sum, total, largest; sizes[0] is PARTS.
// proj [B, ROW]: the gate is its last H DH numbers.
threadgroup float scratch[32];
uint tid = thread_position_in_threadgroup.x;
uint lane = thread_index_in_simdgroup;
uint group = simdgroup_index_in_threadgroup;
uint h = threadgroup_position_in_grid.y;
uint b = threadgroup_position_in_grid.z;
uint count = uint(sizes[0]);
uint first = (b * H + h) * count * (DH + 2);

float out = 0.0f;
if (tid < DH) {
  float highest = -INFINITY;
  for (uint p = 0; p < count; p++) {
    highest = metal::max(highest, parts[first + p * (DH + 2) + DH + 1]);
  }
  float whole = 0.0f;
  for (uint p = 0; p < count; p++) {
    uint at = first + p * (DH + 2);
    float share = metal::exp(parts[at + DH + 1] - highest);
    whole += parts[at + DH] * share;
    out += parts[at + tid] * share;
  }
  out /= whole;
}
float power = threadgroup_sum(out * out, scratch, lane, group, THREADS / 32);
if (tid < DH) {
  float gate = static_cast<float>(proj[b * ROW + ROW - H * DH + h * DH + tid]);
  float normed = out * metal::rsqrt(power / float(DH) + eps[0]);
  normed *= static_cast<float>(norm_weight[tid]);
  y[(b * H + h) * DH + tid] = static_cast<T>(normed * silu_of(gate));
}
