// Qwen 3.5, with mixtures or without: three of four layers keep a state by the
// gated delta rule (arXiv:2412.06464) instead of attending; where a layer
// attends, its result is gated.
#include <string>
#include <string_view>
#include <tuple>
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
std::vector<AxisRange> Tiled(const DeltaShape& s, uint64_t begin,
                             uint64_t length) {
  std::vector<AxisRange> rows;
  for (uint64_t j = 0; j < s.repeats(); ++j) {
    for (uint64_t i = 0; i < s.key_heads; ++i) {
      rows.push_back({begin + (i * s.repeats() + j) * length, length});
    }
  }
  return rows;
}

void ReadFolder(FolderReader& f) {
  const DeltaShape s = ReadDeltaFolder(f);
  const std::vector<AxisRange> heads = Tiled(s, 0, 1);
  const std::vector<AxisRange> values = Tiled(s, 0, s.value_length);
  std::vector<AxisRange> mixed = Tiled(s, 2 * s.keys(), s.value_length);
  mixed.insert(mixed.begin(), {0, 2 * s.keys()});
  for (const auto& [folder, gguf, place] :
       {std::tuple("in_proj_qkv", "attn_qkv", TensorPlace{.rows = mixed}),
        std::tuple("in_proj_z", "attn_gate", TensorPlace{.rows = values}),
        std::tuple("in_proj_a", "ssm_alpha", TensorPlace{.rows = heads}),
        std::tuple("in_proj_b", "ssm_beta", TensorPlace{.rows = heads}),
        std::tuple("out_proj", "ssm_out", TensorPlace{.columns = values})}) {
    f.AddPlaced({std::string("model.layers.{}.linear_attn.") + folder,
                 std::string("blk.{}.") + gguf},
                place);
  }
  ReadDeltaTensors(f, mixed, heads);
  // For other programs: this one sees which tensors a layer has, and positions
  // of text have one section. llama.cpp loads no file without the sections.
  if (const auto recurrent = f.LayersOfType("linear_attention")) {
    f.SetFlags("attention.recurrent_layers", *recurrent);
  }
  std::vector<uint64_t> sections = f.RopeParameters().value(
      "mrope_section", std::vector<uint64_t>{11, 11, 10});
  sections.resize(4);
  f.SetCounts("rope.dimension_sections", sections);
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
