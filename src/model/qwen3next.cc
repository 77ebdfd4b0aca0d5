// Qwen 3 Next: three of four layers keep a state by the gated delta rule
// (arXiv:2412.06464) instead of attending, all have mixtures; what Qwen 3.5 has
// as matrices of their own stands in one, key head by key head.
#include <string_view>
#include <utility>
#include <vector>

#include "model/architecture.h"
#include "model/delta.h"

namespace fullstop {
namespace {

// Of each key head its value heads' betas, then their alphas.
DeltaGates Gates(Decoder& d, const DeltaShape& s) {
  GraphBuilder& g = d.builder();
  const ValueId fused = d.Value("delta_beta_alpha", 2 * s.value_heads);
  const DeltaGates gates{d.Value("delta_alpha", s.value_heads),
                         d.Value("delta_beta", s.value_heads),
                         d.Value("delta_gate", s.values())};
  const uint64_t embedding = d.shape().embedding;
  g.Add(d.Name("ssm_gates"),
        LinearStep{d.h(),
                   {g.Linear(d.Name("attn_gate"), embedding, s.values(), {},
                             gates.result),
                    g.Linear(d.Name("ssm_ba"), embedding, 2 * s.value_heads, {},
                             fused)}});
  uint64_t begin = 0;
  for (const ValueId part : {gates.beta, gates.alpha}) {
    g.Add(d.Name("ssm_ba_split"), CopyStep{.in = fused,
                                           .in_begin = begin,
                                           .in_stride = 2 * s.repeats(),
                                           .out = part,
                                           .out_begin = 0,
                                           .out_stride = s.repeats(),
                                           .length = s.repeats(),
                                           .groups = s.key_heads});
    begin += s.repeats();
  }
  return gates;
}

Graph Describe(const ModelFile& file) {
  return DescribeDelta(file, "qwen3next", false, Gates);
}

// COUNT rows of each key head's, from BEGIN on.
std::vector<AxisRange> OfKeyHeads(const DeltaShape& s, uint64_t begin,
                                  uint64_t count) {
  const uint64_t each = 2 * s.key_length + 2 * s.repeats() * s.value_length;
  std::vector<AxisRange> rows;
  for (uint64_t i = 0; i < s.key_heads; ++i) {
    rows.push_back({i * each + begin, count});
  }
  return rows;
}

void ReadFolder(FolderReader& f) {
  const DeltaShape s = ReadDeltaFolder(f);
  const uint64_t values = s.repeats() * s.value_length;
  std::vector<AxisRange> mixed = OfKeyHeads(s, 0, s.key_length);
  for (const auto& part : {OfKeyHeads(s, s.key_length, s.key_length),
                           OfKeyHeads(s, 2 * s.key_length, values)}) {
    mixed.insert(mixed.end(), part.begin(), part.end());
  }
  constexpr std::string_view kFused =
      "model.layers.{}.linear_attn.in_proj_qkvz";
  f.AddPlaced({kFused, "blk.{}.attn_qkv"}, {.rows = std::move(mixed)});
  f.AddPlaced({kFused, "blk.{}.attn_gate"},
              {.rows = OfKeyHeads(s, 2 * s.key_length + values, values)});
  static constexpr TensorName kNames[] = {
      {"model.layers.{}.linear_attn.in_proj_ba", "blk.{}.ssm_ba"},
      {"model.layers.{}.linear_attn.out_proj", "blk.{}.ssm_out"}};
  f.AddNames(kNames);
  ReadDeltaTensors(f, {{0, s.channels()}}, {{0, s.value_heads}});
}

}  // namespace

extern const Architecture kQwen3Next = {
    .name = "qwen3next",
    .model_types = {"qwen3_next"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
