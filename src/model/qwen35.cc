// Qwen 3.5, with mixtures or without: three of four layers keep a state by the
// gated delta rule (arXiv:2412.06464) instead of attending; where a layer
// attends, its result is gated.
#include <string_view>
#include <vector>

#include "model/architecture.h"
#include "model/delta.h"

namespace fullstop {
namespace {

DeltaGates Gates(Decoder& d, const DeltaShape& s) {
  GraphBuilder& g = d.builder();
  const DeltaGates gates{d.Value("delta_alpha", s.value_heads),
                         d.Value("delta_beta", s.value_heads),
                         d.Value("delta_gate", s.values())};
  const auto part = [&](std::string_view name, uint64_t width, ValueId out) {
    return g.Linear(d.Name(name), d.shape().embedding, width, {}, out);
  };
  g.Add(d.Name("ssm_gates"),
        LinearStep{d.h(),
                   {part("attn_gate", s.values(), gates.result),
                    part("ssm_alpha", s.value_heads, gates.alpha),
                    part("ssm_beta", s.value_heads, gates.beta)}});
  return gates;
}

// GGUF's files hold the value heads of one key head apart: head j of key head
// i is number j * key heads + i there, i * repeats + j here.
std::vector<RowRange> Tiled(const DeltaShape& s, uint64_t begin,
                            uint64_t length) {
  std::vector<RowRange> rows;
  for (uint64_t j = 0; j < s.repeats(); ++j) {
    for (uint64_t i = 0; i < s.key_heads; ++i) {
      rows.push_back({begin + (i * s.repeats() + j) * length, length});
    }
  }
  return rows;
}

void ReadFolder(FolderReader& f) {
  const DeltaShape s = ReadDeltaFolder(f);
  const std::vector<RowRange> heads = Tiled(s, 0, 1);
  const std::vector<RowRange> values = Tiled(s, 0, s.value_length);
  std::vector<RowRange> mixed = Tiled(s, 2 * s.keys(), s.value_length);
  mixed.insert(mixed.begin(), {0, 2 * s.keys()});
  f.AddRows({"model.layers.{}.linear_attn.in_proj_qkv", "blk.{}.attn_qkv"},
            mixed);
  f.AddRows({"model.layers.{}.linear_attn.in_proj_z", "blk.{}.attn_gate"},
            values);
  f.AddRows({"model.layers.{}.linear_attn.in_proj_a", "blk.{}.ssm_alpha"},
            heads);
  f.AddRows({"model.layers.{}.linear_attn.in_proj_b", "blk.{}.ssm_beta"},
            heads);
  ReadDeltaTensors(f, mixed, heads);
  std::vector<uint64_t> columns;
  for (const RowRange& range : values) {
    for (uint64_t i = 0; i < range.count; ++i) {
      columns.push_back(range.begin + i);
    }
  }
  f.AddGathered({"model.layers.{}.linear_attn.out_proj", "blk.{}.ssm_out"},
                [columns](const std::vector<uint64_t>& shape) {
                  return TensorStrides{
                      .shape = shape, .row = shape[0], .columns = columns};
                });
}

Graph Describe(const ModelFile& file) {
  return DescribeDelta(file, "qwen35", true, Gates);
}

Graph DescribeMoe(const ModelFile& file) {
  return DescribeDelta(file, "qwen35moe", true, Gates);
}

}  // namespace

extern const Architecture kQwen35 = {
    .name = "qwen35",
    .model_types = {"qwen3_5_text", "qwen3_5"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

extern const Architecture kQwen35Moe = {
    .name = "qwen35moe",
    .model_types = {"qwen3_5_moe_text", "qwen3_5_moe"},
    .describe = DescribeMoe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
